import type { Instant } from "../../base/clock.ts";
import { isJsonObject, type JsonValue } from "../../base/json.ts";
import { doubtOf } from "../../registry/plain-secret.ts";
import { formatSha256, sha256Entry } from "../../registry/secret.ts";
import type { Settings } from "./settings.ts";

/** IdentityServer4's hash of a secret, `Sha256()`: the digest in base64. */
const SHA256 = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The hashes of a client's secrets: `secrets` are plain text there, and `ClientSecrets` are hashes. Leaves
 * out those that have expired by `now`. No note quotes one.
 */
export function secretsOf(client: Settings, now: Instant): readonly string[] {
  const plain = client.takeTexts("secrets").map((secret, index) => {
    const doubt = doubtOf(secret);
    if (doubt !== undefined) client.note(`secrets[${index}]`, `replace it: it must ${doubt}`);
    return sha256Entry(secret);
  });
  const hashed = client.takeList("ClientSecrets").flatMap((entry, index) => hashOf(entry, index, client, now));
  return [...plain, ...hashed];
}

function hashOf(entry: JsonValue, index: number, client: Settings, now: Instant): readonly string[] {
  const { value, type = "SharedSecret", expiration } = lowerCased(entry);
  const name = `ClientSecrets[${index}]`;
  if (type !== "SharedSecret" || typeof value !== "string" || !SHA256.test(value)) {
    client.note(name, "no counterpart: expected a SharedSecret whose Value is a SHA-256 digest in base64");
    return [];
  }
  if (expiration !== undefined && expiration !== "") {
    const expiresAt = instantOf(expiration);
    if (expiresAt === undefined || expiresAt <= now) {
      const why = expiresAt === undefined ? "expected its Expiration to be a date" : `it expired at ${expiration}`;
      client.note(name, `left out: ${why}`);
      return [];
    }
    client.note(name, `no counterpart for its expiration at ${expiration}: here, it never expires`);
  }
  return [formatSha256(Buffer.from(value, "base64"))];
}

/** A date and time in ISO 8601; without a zone it is UTC, as IdentityServer4 compares it. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i;

function instantOf(value: JsonValue): Instant | undefined {
  const [, date, time = "00:00", zone = "Z"] = DATE_TIME.exec(String(value)) ?? [];
  const instant = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(instant) ? undefined : instant;
}

function lowerCased(entry: JsonValue): Readonly<Record<string, JsonValue>> {
  if (!isJsonObject(entry)) return { value: entry };
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) => (value === null ? [] : [[name.toLowerCase(), value]])),
  );
}
