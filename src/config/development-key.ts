import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../base/random.ts";
import { KEY_ENCRYPTION_KEY_BYTES } from "../keyring/seal.ts";
import { ConfigError } from "../schema/problems.ts";
import { errorCode } from "./files.ts";
import { parseKey } from "./key-encryption-key.ts";

/** The name of the file in the data directory. */
export const DEVELOPMENT_KEY_FILE = "development-key-encryption-key";

/**
 * The key-encryption key of the development configuration: made once, then kept in `directory` with mode 0600.
 * Processes that start at the same time agree on one. Throws a {@link ConfigError} if the file is not usable. Without a
 * directory the key is new each time, as the data ends with the process.
 */
export function developmentKey(directory: string | undefined, random: Random): Uint8Array {
  if (directory === undefined) return random.bytes(KEY_ENCRYPTION_KEY_BYTES);
  const path = join(directory, DEVELOPMENT_KEY_FILE);
  try {
    if (!exists(path)) makeKey(directory, path, random);
    return readKey(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`${path}: cannot create or read this file (${errorCode(error)})`]);
  }
}

function exists(path: string): boolean {
  try {
    closeSync(openSync(path, "r"));
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Names the file only once it is complete and durable. If two processes make one, the first keeps the name. */
function makeKey(directory: string, path: string, random: Random): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${Buffer.from(random.bytes(8)).toString("hex")}`;
  writeDurably(temporary, `${Buffer.from(random.bytes(KEY_ENCRYPTION_KEY_BYTES)).toString("base64url")}\n`);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(directory);
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readKey(path: string): Uint8Array {
  const key = parseKey(readFileSync(path, "utf8").trim());
  if (key !== undefined) return key;
  throw new ConfigError([
    `${path}: expected ${KEY_ENCRYPTION_KEY_BYTES} bytes in base64url; the file is damaged. Restore it, or delete it together with ` +
      "the data beside it, which no other key can open",
  ]);
}
