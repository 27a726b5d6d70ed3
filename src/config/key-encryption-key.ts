import type { Faults } from "./faults.ts";
import { type ReadFile, readText } from "./files.ts";
import type { Environment } from "./schema.ts";

/** Bytes of a key-encryption key: A256GCM. */
export const KEY_BYTES = 32;

const VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY";
const FILE_VARIABLE = "MINTMARK_KEY_ENCRYPTION_KEY_FILE";

/** A command that makes a key. */
export const MAKE_KEY = `node -e 'console.log(require("node:crypto").randomBytes(${KEY_BYTES}).toString("base64url"))'`;

/** The key of 32 bytes in base64url, or undefined where the text is none. */
export function parseKey(text: string): Uint8Array | undefined {
  const key = Buffer.from(text, "base64url");
  return key.length === KEY_BYTES && key.toString("base64url") === text ? Uint8Array.from(key) : undefined;
}

/** The key that the environment or the file that it names gives; undefined where it gives none, or a fault was noted. */
export function readKeyEncryptionKey(
  environment: Environment,
  readFile: ReadFile,
  faults: Faults,
): Uint8Array | undefined {
  const { [VARIABLE]: direct, [FILE_VARIABLE]: file } = environment;
  if (direct !== undefined && file !== undefined) {
    faults.at(VARIABLE).add(`expected only one of it and ${FILE_VARIABLE}`);
    return undefined;
  }
  if (direct !== undefined) return noteBadKey(parseKey(direct), faults.at(VARIABLE));
  if (file === undefined) return undefined;
  const text = readText(readFile, file, faults.at(FILE_VARIABLE));
  return text === undefined ? undefined : noteBadKey(parseKey(text.trim()), faults.at(FILE_VARIABLE));
}

/** Whether the environment gives a key, well-formed or not. */
export function isKeyGiven({ [VARIABLE]: direct, [FILE_VARIABLE]: file }: Environment): boolean {
  return direct !== undefined || file !== undefined;
}

/** Notes that there is no key, and how to make one. */
export function noteMissingKey(faults: Faults): void {
  faults
    .at(VARIABLE)
    .add(
      `expected ${KEY_BYTES} bytes in base64url, or ${FILE_VARIABLE} with a file that holds them: ` +
        `signing keys are stored only encrypted under it. Make one, and keep it: ${MAKE_KEY}`,
    );
}

function noteBadKey(key: Uint8Array | undefined, faults: Faults): Uint8Array | undefined {
  if (key === undefined) faults.add(`expected ${KEY_BYTES} bytes in base64url without padding; make one: ${MAKE_KEY}`);
  return key;
}
