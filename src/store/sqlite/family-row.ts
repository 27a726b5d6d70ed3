import type { SQLOutputValue } from "node:sqlite";
import type { FamilyRecord } from "../port.ts";
import { number, optional, text } from "./columns.ts";

/** Converts a row of the table to the port's record. */
export function toFamily(row: Record<string, SQLOutputValue>): FamilyRecord {
  return {
    id: text(row.id),
    client: text(row.client),
    namespace: optional(row.namespace, text),
    subject: optional(row.subject, text),
    generation: number(row.generation),
    rotatedAt: number(row.rotated_at),
    attemptId: text(row.mark),
    mintedAt: number(row.minted_at),
    revokedAt: optional(row.revoked_at, number),
    expiresAt: number(row.expires_at),
    purgeAt: number(row.purge_at),
    decision: text(row.decision),
    mac: optional(row.mac, text),
  };
}
