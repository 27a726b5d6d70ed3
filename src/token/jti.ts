import type { Instant } from "../base/clock.ts";
import type { Random } from "../base/random.ts";

/** The contents of a `jti`: when the token was issued and, if it has one, the family of its grant. */
interface Jti {
  /** When the token was issued, to the millisecond. */
  readonly issuedAt: Instant;
  readonly family: string | undefined;
}

const JTI =
  /^(?<time>[0-9a-f]{8}-[0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?:\.(?<family>[A-Za-z0-9_-]{22}))?$/;

/** Makes a `jti`: a UUIDv7 (RFC 9562 section 5.7) of that time, and the family that the token belongs to, if any. */
export function makeJti(issuedAt: Instant, family: string | undefined, random: Random): string {
  const uuid = uuidv7(issuedAt, random);
  return family === undefined ? uuid : `${uuid}.${family}`;
}

/** Parses a `jti` that {@link makeJti} made; undefined for any other text. */
export function parseJti(text: string): Jti | undefined {
  const groups = JTI.exec(text)?.groups;
  if (groups?.time === undefined) return undefined;
  return { issuedAt: Number.parseInt(groups.time.replace("-", ""), 16), family: groups.family };
}

/** Makes the id of a family: 128 random bits, base64url. */
export function makeFamilyId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString("base64url");
}

function uuidv7(issuedAt: Instant, random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes.writeUIntBE(issuedAt, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
