import * as z from "zod";
import type { Instant } from "../base/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from "../base/json.ts";
import { expected, expectedUnseen, readShape } from "../schema/explain.ts";
import { text } from "../schema/fields.ts";
import type { Problems } from "../schema/problems.ts";
import { isHolder, parseSecret } from "./secret.ts";

/** The version of documents that this program writes, and the only one that it reads. */
const VERSION = 1;

const instant = z.int(expected("milliseconds since the Unix epoch"));

/** The hash of a secret. A stored entry never says where plain text would be. */
const hash = z.string().refine((value) => {
  const parsed = parseSecret(value);
  return parsed !== undefined && !isHolder(parsed);
}, expectedUnseen("the hash of a secret, sha256:… or scrypt:…"));

const secret = z.strictObject({
  id: text,
  hash,
  createdAt: instant,
  notBefore: instant.optional(),
  expiresAt: instant.optional(),
});

/** An unknown member may be of a newer program, and may restrict the entry: such a document is not read at all. */
const document = z.strictObject({
  version: z.literal(VERSION),
  entry: z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)),
  secrets: z.array(secret).default([]),
  request: z.string().optional(),
});

/** A secret of a stored client. Only its hash is kept. */
export interface StoredSecret {
  /** Names it, so that it can be removed. */
  readonly id: string;
  /** In a form of the configuration file: `sha256:…` or `scrypt:…`. */
  readonly hash: string;
  readonly createdAt: Instant;
  /** From when on it is accepted; absent: at once. */
  readonly notBefore?: Instant | undefined;
  /** Until when it is accepted; absent: for ever. */
  readonly expiresAt?: Instant | undefined;
}

/** What a registration says. */
export interface StoredEntry {
  /** The entry in the words of the configuration file: of a client without `secrets`, of a tenant without `clients`. */
  readonly entry: JsonObject;
  /** A client's secrets. */
  readonly secrets: readonly StoredSecret[];
  /** Names the request that wrote it, so that a retry is recognized. */
  readonly request?: string | undefined;
}

/** What a tombstone says. */
export const NOTHING_WRITTEN: StoredEntry = { entry: {}, secrets: [] };

/** Writes an entry as the document of a registration. */
export function formatDocument({ entry, secrets, request }: StoredEntry): string {
  return JSON.stringify({ version: VERSION, entry, ...(secrets.length > 0 && { secrets }), request });
}

/** Reads the document of a registration. Notes what is wrong with it, and returns undefined then. */
export function readDocument(written: string, problems: Problems): StoredEntry | undefined {
  try {
    return readShape(document, parseExactJson(written), problems);
  } catch {
    problems.add("not JSON");
    return undefined;
  }
}
