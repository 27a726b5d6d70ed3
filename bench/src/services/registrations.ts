import { hash, randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { FOREVER } from "../../../src/base/clock.ts";
import { jweSealer } from "../../../src/keyring/seal.ts";
import { formatDocument, type StoredEntry } from "../../../src/registry/document.ts";
import { prove } from "../../../src/registry/proof.ts";
import { keyBytes } from "../../../test/support/key-encryption-key.ts";
import { CREDENTIALS } from "./credentials.ts";

/** The clients of each registered tenant. */
export const CLIENTS_EACH = 10;

/** The id of a registered tenant. */
export function registeredTenant(index: number): string {
  return `r${index}`;
}

/** Registers so many tenants in a SQLite file that has its tables, each with {@link CLIENTS_EACH} clients. */
export function registerTenants(file: string, count: number): void {
  const database = new DatabaseSync(file);
  const insert = database.prepare(`
    INSERT INTO registrations
      (kind, tenant, id, revision, document, etag, created_at, updated_at, deleted_at, purge_at, mac)
    VALUES (:kind, :tenant, :id, :revision, :document, :etag, :createdAt, :updatedAt, NULL, :purgeAt, :mac)`);
  const sealer = jweSealer([keyBytes()]);
  const at = Date.now();
  let revision = 0;
  const put = (kind: string, tenant: string, id: string, entry: StoredEntry) => {
    revision += 1;
    const etag = randomBytes(16).toString("base64url");
    const times = { createdAt: at, updatedAt: at, deletedAt: undefined, purgeAt: FOREVER };
    const row = { kind, tenant, id, document: formatDocument(entry), etag, ...times };
    const { deletedAt: _, ...proven } = prove(row, sealer);
    insert.run({ ...proven, revision });
  };
  database.exec("BEGIN");
  for (let index = 0; index < count; index += 1) {
    const id = registeredTenant(index);
    put("tenant", id, id, { entry: { issuer: `https://${id}.example`, signing: { algorithm: "ES256" } }, secrets: [] });
    for (let each = 0; each < CLIENTS_EACH; each += 1)
      put("client", id, each === 0 ? CREDENTIALS.client_id : `client-${each}`, client(at));
  }
  database.prepare("UPDATE registry SET revision = ?").run(revision);
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

function client(createdAt: number): StoredEntry {
  const secret = `sha256:${hash("sha256", CREDENTIALS.client_secret, "base64url")}`;
  return {
    entry: { grants: ["arbitrary_resource_owner"], allowOfflineAccess: true, scopes: "*" },
    secrets: [{ id: "first", hash: secret, createdAt }],
  };
}
