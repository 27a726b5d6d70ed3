import { createHash } from "node:crypto";
import { isJsonObject, type JsonValue } from "../../base/json.ts";
import { doubtOf } from "../../registry/plain-secret.ts";
import { formatSha256 } from "../../registry/secret.ts";
import type { Settings } from "./settings.ts";

/** IdentityServer4's hash of a secret, `Sha256()`: the digest in base64. */
const SHA256 = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The hashes of a client's secrets: `secrets` are plain text there, and `ClientSecrets` are hashes. No note quotes one.
 */
export function secretsOf(client: Settings): readonly string[] {
  const plain = client.takeTexts("secrets").map((secret, index) => {
    const doubt = doubtOf(secret);
    if (doubt !== undefined) client.note(`secrets[${index}]`, `replace it: it must ${doubt}`);
    return formatSha256(createHash("sha256").update(secret).digest());
  });
  const hashed = client.takeList("ClientSecrets").flatMap((entry, index) => hashOf(entry, index, client));
  return [...plain, ...hashed];
}

function hashOf(entry: JsonValue, index: number, client: Settings): readonly string[] {
  const { value, type = "SharedSecret", expiration } = lowerCased(entry);
  const name = `ClientSecrets[${index}]`;
  if (type !== "SharedSecret" || typeof value !== "string" || !SHA256.test(value)) {
    client.note(name, "no counterpart: expected a SharedSecret whose Value is a SHA-256 digest in base64");
    return [];
  }
  if (typeof expiration === "string")
    client.note(name, `no counterpart for its expiration at ${expiration}: here, it never expires`);
  return [formatSha256(Buffer.from(value, "base64"))];
}

function lowerCased(entry: JsonValue): Readonly<Record<string, JsonValue>> {
  if (!isJsonObject(entry)) return { value: entry };
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) => (value === null ? [] : [[name.toLowerCase(), value]])),
  );
}
