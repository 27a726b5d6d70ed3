import { readShape } from "../schema/explain.ts";
import { Problems } from "../schema/problems.ts";
import { buildClient } from "./build-client.ts";
import { operatorsOf } from "./build-operators.ts";
import { buildTenant, clientContextOf } from "./build-tenant.ts";
import { fillClient } from "./client-defaults.ts";
import type { StoredEntry, StoredSecret } from "./document.ts";
import { clientId, tenantId } from "./fields.ts";
import type { RegistryRules } from "./file-part.ts";
import { checkPublicIssuers, checkPublicKeys } from "./public-secret.ts";
import { storedClient } from "./schema-client.ts";
import { storedTenant } from "./schema-tenant.ts";
import { isHolder, parseSecret } from "./secret.ts";
import type { Client, SecretHash, Tenant } from "./tenant.ts";

/** What became of an entry: what it stands for, or what is wrong with it, one line for each problem. */
export type Built<T> = { readonly value: T } | { readonly problems: readonly string[] };

/** Builds a stored client of a tenant, by the same rules as one in the file, but that its secrets may follow later. */
export function buildStoredClient(
  id: string,
  { entry, secrets }: StoredEntry,
  tenant: Tenant,
  rules: RegistryRules,
): Built<Client> {
  const problems = new Problems();
  const here = problems.at("clients", id);
  readShape(clientId, id, here);
  const shape = readShape(storedClient, fillClient(entry, tenant.clientDefaults), here);
  checkPublicKeys(shape?.jwks?.keys ?? [], here.at("jwks", "keys"));
  const context = { ...clientContextOf(tenant, rules), secretsMayFollow: true };
  const client = shape && buildClient(id, { ...shape, secrets: secrets.flatMap(hashOf) }, context, here);
  return settled(client, problems);
}

/** Builds a stored tenant, without clients, by the same rules as one in the file. */
export function buildStoredTenant(id: string, { entry }: StoredEntry, rules: RegistryRules): Built<Tenant> {
  const problems = new Problems();
  const here = problems.at("tenants", id);
  readShape(tenantId, id, here);
  const shape = readShape(storedTenant, entry, here);
  checkPublicIssuers(shape?.workloadIssuers ?? {}, here.at("workloadIssuers"));
  const operators = operatorsOf(rules.operators, id);
  const tenant = shape && buildTenant(id, { ...shape, clients: {} }, { ...rules, words: entry, operators }, here);
  return settled(tenant, problems);
}

function settled<T>(value: T | undefined, problems: Problems): Built<T> {
  const list = problems.list();
  return value === undefined || list.length > 0 ? { problems: list } : { value };
}

function hashOf({ hash, notBefore, expiresAt }: StoredSecret): readonly SecretHash[] {
  const parsed = parseSecret(hash);
  if (parsed === undefined || isHolder(parsed)) return [];
  return [{ ...parsed, ...(notBefore !== undefined && { notBefore }), ...(expiresAt !== undefined && { expiresAt }) }];
}
