import { KEY_ENCRYPTION_KEY_BYTES } from "../keyring/seal.ts";
import type { Problems } from "../schema/problems.ts";
import { type ReadFile, readText } from "./files.ts";
import type { ConfigFile, Environment } from "./schema.ts";

const VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY";
const FILE_VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY_FILE";
const FILE_KEY = "keyEncryptionKeyFile";

/** A command that makes a key. */
const MAKE_KEY = `openssl rand -hex ${KEY_ENCRYPTION_KEY_BYTES}`;

/** The most keys that may be listed: the one that seals, and older ones that some rows are still sealed under. */
const MAX_KEYS = 8;

/** 32 random bytes have about 30 different values; fewer than this are a pattern, such as one byte repeated. */
const MIN_DIFFERENT_BYTES = 16;

/** How a key may be written: what a program that makes random bytes prints, such as `openssl rand -hex 32`. */
const ENCODINGS = ["base64url", "base64", "hex"] as const;

const KEY_BYTES = `${KEY_ENCRYPTION_KEY_BYTES} bytes in base64url, base64 or hex`;

const NO_KEY = `expected ${KEY_BYTES}; to generate a key: ${MAKE_KEY}`;

/** Parses a key of 32 bytes in base64url or base64, padded or not, or in hex; undefined for any other text. */
export function parseKey(text: string): Uint8Array | undefined {
  const digits = text.replace(/=$/, "");
  for (const encoding of ENCODINGS) {
    const key = Buffer.from(digits, encoding);
    // Node skips what it cannot read: only a text that is made again of what was read is one.
    const written = key.toString(encoding).replace(/=$/, "");
    if (key.length !== KEY_ENCRYPTION_KEY_BYTES) continue;
    if (written === (encoding === "hex" ? text.toLowerCase() : digits)) return Uint8Array.from(key);
  }
  return undefined;
}

/** The sources of keys: the variables override the configuration file. */
interface KeySources {
  readonly environment: Environment;
  readonly file: ConfigFile;
}

/**
 * The keys in a variable or a file, separated by commas or white space. The first one seals. Undefined if there is none,
 * or a problem was noted.
 */
export function readKeyEncryptionKeys(
  { environment, file }: KeySources,
  readFile: ReadFile,
  problems: Problems,
): readonly Uint8Array[] | undefined {
  const { [VARIABLE]: direct, [FILE_VARIABLE]: named } = environment;
  if (direct !== undefined && named !== undefined) {
    problems.at(VARIABLE).add(`cannot be used with ${FILE_VARIABLE}`);
    return undefined;
  }
  if (direct !== undefined) return parseKeys(direct, problems.at(VARIABLE));
  const path = named ?? file[FILE_KEY];
  if (path === undefined) return undefined;
  const here = problems.at(named === undefined ? FILE_KEY : FILE_VARIABLE);
  const text = readText(readFile, path, here);
  return text === undefined ? undefined : parseKeys(text, here);
}

/** Whether anything gives keys, well-formed or not. */
export function areKeysGiven({ environment, file }: KeySources): boolean {
  return [environment[VARIABLE], environment[FILE_VARIABLE], file[FILE_KEY]].some((given) => given !== undefined);
}

/** Notes that there is no key, and how to make one. */
export function noteMissingKey(problems: Problems): void {
  problems
    .at(VARIABLE)
    .add(
      `expected ${KEY_BYTES}, or a file that contains them in ${FILE_VARIABLE} (${FILE_KEY}): ` +
        `signing keys are stored encrypted under this key. To generate one, and keep it: ${MAKE_KEY}`,
    );
}

/** The keys in a text, separated by commas or white space. Returns undefined if a problem was noted. */
export function parseKeys(text: string, problems: Problems): readonly Uint8Array[] | undefined {
  const texts = text.split(/[\s,]+/).filter((part) => part !== "");
  if (texts.length === 0) problems.add(NO_KEY);
  if (texts.length > MAX_KEYS) problems.add(`expected at most ${MAX_KEYS} keys, got ${texts.length}`);
  const parsed = texts.map(parseKey);
  const keys: Uint8Array[] = [];
  for (const [index, key] of parsed.entries()) {
    // A single key has no position.
    const here = texts.length === 1 ? problems : problems.at(index);
    const first = parsed.findIndex((other) => key && other && Buffer.from(other).equals(key));
    if (key === undefined) here.add(NO_KEY);
    else if (first < index) here.add(`duplicate of the key at [${first}]`);
    else if (new Set(key).size < MIN_DIFFERENT_BYTES) {
      here.add(`expected random bytes, not a repeating pattern; to generate a key: ${MAKE_KEY}`);
    } else keys.push(key);
  }
  return keys.length > 0 && keys.length === texts.length ? keys : undefined;
}
