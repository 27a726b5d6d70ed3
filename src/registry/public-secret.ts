import type { JsonObject } from "../base/json.ts";
import type { Problems } from "../schema/problems.ts";
import { hashSecret, type SecretSource } from "./secret.ts";

/** Secrets that everyone knows: those of the development configuration, and common placeholders. */
const KNOWN = [
  ...["secret", "DqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE"],
  ...["", "changeme", "change-me", "password", "test", "admin", "client_secret"],
];

const DIGESTS = new Set(KNOWN.map((plain) => digestOf(hashSecret(plain))));

/** The development configuration's key, by a member of its public part. Its private part is in the documentation. */
const KNOWN_KEY = "ddtKO9thsWiqXRJof8U4687e1COC0Pxv0APSgyQuQ5o";

/** Notes every key whose private part everyone knows. */
export function checkPublicKeys(keys: readonly JsonObject[], problems: Problems): void {
  for (const [index, { x }] of keys.entries()) {
    if (x === KNOWN_KEY)
      problems.at(index).add("expected a key of your own: everybody has the private part of this one");
  }
}

/** The same for the keys of those who vouch for workloads. */
export function checkPublicIssuers(
  issuers: Readonly<Record<string, { readonly jwks?: { readonly keys: readonly JsonObject[] } | undefined }>>,
  problems: Problems,
): void {
  for (const [name, { jwks }] of Object.entries(issuers)) {
    checkPublicKeys(jwks?.keys ?? [], problems.at(name, "jwks", "keys"));
  }
}

/** Whether a secret is public, recognized by its hash. */
export function isPublicSecret(secret: SecretSource): boolean {
  return DIGESTS.has(digestOf(secret));
}

function digestOf(secret: SecretSource): string {
  return secret.kind === "sha256" ? Buffer.from(secret.digest).toString("hex") : "";
}
