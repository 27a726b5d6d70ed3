import { isPublicSecret } from "../registry/public-secret.ts";
import type { SecretSource } from "../registry/secret.ts";
import type { Problems } from "../schema/problems.ts";
import type { ConfigFile } from "./schema.ts";

/** Notes every secret of a configuration file that is public, recognized by its hash. */
export function checkPublicSecrets(
  { operators, tenants }: Pick<ConfigFile, "operators" | "tenants">,
  problems: Problems,
): void {
  for (const [id, { secrets }] of Object.entries(operators)) check(secrets, problems.at("operators", id, "secrets"));
  for (const [tenant, { clients }] of Object.entries(tenants)) {
    for (const [id, { secrets }] of Object.entries(clients)) {
      check(secrets, problems.at("tenants", tenant, "clients", id, "secrets"));
    }
  }
}

function check(secrets: readonly SecretSource[], problems: Problems): void {
  for (const [index, secret] of secrets.entries()) {
    if (!isPublicSecret(secret)) continue;
    problems.at(index).add("expected a secret that nobody else knows: this is the hash of a well-known one");
  }
}
