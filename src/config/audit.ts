import { resolve } from "node:path";
import type { Problems } from "../schema/problems.ts";
import { type ReadFile, readText } from "./files.ts";
import { parseKeys } from "./key-encryption-key.ts";
import type { ConfigFile } from "./schema.ts";

/** The word for standard output instead of a file's path. */
const STDOUT = "stdout";

/** How an audit is written. */
export interface AuditSettings {
  /** The absolute path of the file; undefined: standard output. */
  readonly path: string | undefined;
  /** Whether nothing is answered that is not written. */
  readonly required: boolean;
  /** Whether a line counts as written only once it survives a crash of the machine. */
  readonly sync: boolean;
  /** The key of the HMACs that stand for identifiers; undefined: they are written as they are. */
  readonly hmacKey: Uint8Array | undefined;
}

/** Reads the audit's settings and its key. Returns undefined if there is no audit, or a problem was noted. */
export function readAudit(
  settings: ConfigFile["audit"],
  cwd: string,
  readFile: ReadFile,
  problems: Problems,
): AuditSettings | undefined {
  if (settings === undefined) return undefined;
  const { file, required, sync, identifiers, hmacKeyFile } = settings;
  const hmacKey = identifiers === "hmac" ? readKey(hmacKeyFile, readFile, problems.at("hmacKeyFile")) : undefined;
  if (identifiers === "plain" && hmacKeyFile !== undefined)
    problems.at("hmacKeyFile").add("not allowed unless identifiers is hmac");
  return { path: file === STDOUT ? undefined : resolve(cwd, file), required, sync, hmacKey };
}

function readKey(path: string | undefined, readFile: ReadFile, problems: Problems): Uint8Array | undefined {
  if (path === undefined) {
    problems.add("required if identifiers is hmac");
    return undefined;
  }
  const text = readText(readFile, path, problems);
  const keys = text === undefined ? undefined : parseKeys(text, problems);
  if (keys !== undefined && keys.length > 1) problems.add(`expected one key, got ${keys.length}`);
  return keys?.[0];
}
