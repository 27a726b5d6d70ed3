import { KEY_ENCRYPTION_KEY_BYTES } from "../keyring/seal.ts";
import type { Problems } from "../schema/problems.ts";
import { type ReadFile, readText } from "./files.ts";
import type { Environment } from "./schema.ts";

const VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY";
const FILE_VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY_FILE";

/** A command that makes a key. */
const MAKE_KEY = `node -e 'console.log(require("node:crypto").randomBytes(${KEY_ENCRYPTION_KEY_BYTES}).toString("base64url"))'`;

/** How many keys may be listed: the one that seals, and older ones that rows are still sealed under. */
const MAX_KEYS = 8;

/** Of 32 random bytes some 30 differ; fewer than this are a pattern, such as one byte over and over. */
const MIN_DIFFERENT_BYTES = 16;

const NO_KEY = `expected ${KEY_ENCRYPTION_KEY_BYTES} bytes in base64url without padding; make one: ${MAKE_KEY}`;

/** The key of 32 bytes in base64url, or undefined if the text is none. */
export function parseKey(text: string): Uint8Array | undefined {
  const key = Buffer.from(text, "base64url");
  return key.length === KEY_ENCRYPTION_KEY_BYTES && key.toString("base64url") === text
    ? Uint8Array.from(key)
    : undefined;
}

/**
 * The keys that the environment or the file that it names lists, separated by commas or white space: the first is for
 * sealing. Undefined if it gives none, or a problem was noted.
 */
export function readKeyEncryptionKeys(
  environment: Environment,
  readFile: ReadFile,
  problems: Problems,
): readonly Uint8Array[] | undefined {
  const { [VARIABLE]: direct, [FILE_VARIABLE]: file } = environment;
  if (direct !== undefined && file !== undefined) {
    problems.at(VARIABLE).add(`expected only one of it and ${FILE_VARIABLE}`);
    return undefined;
  }
  if (direct !== undefined) return parseKeys(direct, problems.at(VARIABLE));
  if (file === undefined) return undefined;
  const text = readText(readFile, file, problems.at(FILE_VARIABLE));
  return text === undefined ? undefined : parseKeys(text, problems.at(FILE_VARIABLE));
}

/** Whether the environment gives keys, well-formed or not. */
export function areKeysGiven({ [VARIABLE]: direct, [FILE_VARIABLE]: file }: Environment): boolean {
  return direct !== undefined || file !== undefined;
}

/** Notes that there is no key, and how to make one. */
export function noteMissingKey(problems: Problems): void {
  problems
    .at(VARIABLE)
    .add(
      `expected ${KEY_ENCRYPTION_KEY_BYTES} bytes in base64url, or ${FILE_VARIABLE} with a file that holds them: ` +
        `signing keys are stored only encrypted under it. Make one, and keep it: ${MAKE_KEY}`,
    );
}

function parseKeys(text: string, problems: Problems): readonly Uint8Array[] | undefined {
  const texts = text.split(/[\s,]+/).filter((part) => part !== "");
  if (texts.length === 0) problems.add(NO_KEY);
  if (texts.length > MAX_KEYS) problems.add(`expected at most ${MAX_KEYS} keys, got ${texts.length}`);
  const keys: Uint8Array[] = [];
  for (const [index, part] of texts.entries()) {
    // One alone has no position.
    const here = texts.length === 1 ? problems : problems.at(index);
    const key = parseKey(part);
    if (key === undefined) here.add(NO_KEY);
    else if (texts.indexOf(part) < index)
      here.add(`expected every key once; it is the one at ${texts.indexOf(part)} too`);
    else if (new Set(key).size < MIN_DIFFERENT_BYTES) {
      here.add(`expected random bytes, not a few that repeat; make them: ${MAKE_KEY}`);
    } else keys.push(key);
  }
  return keys.length > 0 && keys.length === texts.length ? keys : undefined;
}
