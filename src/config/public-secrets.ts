import { hashSecret, type SecretSource } from "../registry/secret.ts";
import type { Problems } from "../schema/problems.ts";
import { DEVELOPMENT_SECRETS } from "./development.ts";
import type { ConfigFile } from "./schema.ts";

/** Secrets that everybody knows: those of the development configuration, and what people write until they have one. */
const KNOWN = [...DEVELOPMENT_SECRETS, "", "changeme", "change-me", "password", "test", "admin", "client_secret"];

const DIGESTS = new Set(KNOWN.map((plain) => digestOf(hashSecret(plain))));

/** Notes every secret of a configuration file that is public, though only its hash is there. */
export function checkPublicSecrets({ operators, tenants }: ConfigFile, problems: Problems): void {
  for (const [id, { secrets }] of Object.entries(operators)) check(secrets, problems.at("operators", id, "secrets"));
  for (const [tenant, { clients }] of Object.entries(tenants)) {
    for (const [id, { secrets }] of Object.entries(clients)) {
      check(secrets, problems.at("tenants", tenant, "clients", id, "secrets"));
    }
  }
}

function check(secrets: readonly SecretSource[], problems: Problems): void {
  for (const [index, secret] of secrets.entries()) {
    if (!DIGESTS.has(digestOf(secret))) continue;
    problems.at(index).add("expected a secret of its own: this is the hash of one that everybody knows");
  }
}

function digestOf(secret: SecretSource): string {
  return secret.kind === "sha256" ? Buffer.from(secret.digest).toString("hex") : "";
}
