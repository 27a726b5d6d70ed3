import { hashSecret, type SecretSource } from "./secret.ts";

/** Secrets that everyone knows: those of the development configuration, and common placeholders. */
const KNOWN = [
  ...["secret", "DqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE"],
  ...["", "changeme", "change-me", "password", "test", "admin", "client_secret"],
];

const DIGESTS = new Set(KNOWN.map((plain) => digestOf(hashSecret(plain))));

/** Whether a secret is public, recognized by its hash. */
export function isPublicSecret(secret: SecretSource): boolean {
  return DIGESTS.has(digestOf(secret));
}

function digestOf(secret: SecretSource): string {
  return secret.kind === "sha256" ? Buffer.from(secret.digest).toString("hex") : "";
}
