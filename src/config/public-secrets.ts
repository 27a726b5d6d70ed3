import { checkPublicIssuers, checkPublicKeys, isPublicSecret } from "../registry/public-secret.ts";
import type { SecretSource } from "../registry/secret.ts";
import type { Problems } from "../schema/problems.ts";
import type { ConfigFile } from "./schema.ts";

/** Notes every secret and key of a configuration file that everyone knows; a secret is recognized by its hash. */
export function checkPublicSecrets(
  { operators, tenants }: Pick<ConfigFile, "operators" | "tenants">,
  problems: Problems,
): void {
  for (const [id, { secrets }] of Object.entries(operators)) check(secrets, problems.at("operators", id, "secrets"));
  for (const [tenant, { clients, workloadIssuers }] of Object.entries(tenants)) {
    checkPublicIssuers(workloadIssuers, problems.at("tenants", tenant, "workloadIssuers"));
    for (const [id, { secrets, jwks }] of Object.entries(clients)) {
      const here = problems.at("tenants", tenant, "clients", id);
      check(secrets, here.at("secrets"));
      checkPublicKeys(jwks?.keys ?? [], here.at("jwks", "keys"));
    }
  }
}

function check(secrets: readonly SecretSource[], problems: Problems): void {
  for (const [index, secret] of secrets.entries()) {
    if (!isPublicSecret(secret)) continue;
    problems.at(index).add("expected a secret that nobody else knows: this is the hash of a well-known one");
  }
}
