import { createHash } from "node:crypto";
import type { SecretHash } from "./tenant.ts";

/** What holds a secret in plain text: a variable by its name, or a file by its path. */
export interface SecretHolder {
  readonly kind: "env" | "file";
  readonly name: string;
}

/** One entry of `secrets`: a hash, or what holds the plain text. */
export type SecretSource = SecretHash | SecretHolder;

/** Whether an entry only says what holds the secret. */
export function isHolder(source: SecretSource): source is SecretHolder {
  return source.kind === "env" || source.kind === "file";
}

/** Reads a secret in plain text; undefined if there is none. */
export type ReadSecret = (holder: SecretHolder) => string | undefined;

/** The forms of an entry, for error messages. */
export const SECRET_FORMS =
  "sha256: and 43 characters of base64url, scrypt: and a PHC string ($scrypt$ln=…,r=…,p=…$salt$hash, within bounds), " +
  "env: and the name of a variable (not MINTMARK_…, which are settings), or file: and a path";

/**
 * The most that one scrypt verification may cost: N·r·p. As scrypt needs 128·N·r bytes, this bounds its memory to
 * 128 MiB and its time to about half a second; ln=17,r=8,p=1 is just allowed.
 */
export const MAX_SCRYPT_COST = 2 ** 20;

/**
 * Bounds of the other numbers in a PHC string: ln (the least protects against guessing), and bytes of salt and digest.
 */
const SCRYPT = { minLogN: 10, maxLogN: 20, minBytes: 16, maxBytes: 64 } as const;

const PHC = /^\$scrypt\$ln=([1-9][0-9]?),r=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const FILE_NAME = /^[^\p{Cc}]{1,1024}$/u;
const ENV_NAME = /^(?!MINTMARK_)[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/** Parses an entry of `secrets`; undefined if it has none of the forms, as plain text does. */
export function parseSecret(text: string): SecretSource | undefined {
  if (text.startsWith("sha256:")) return parseSha256(text.slice("sha256:".length));
  if (text.startsWith("scrypt:")) return parseScrypt(text.slice("scrypt:".length));
  if (text.startsWith("file:")) return parsePath(text.slice("file:".length));
  if (!text.startsWith("env:")) return undefined;
  const name = text.slice("env:".length);
  return ENV_NAME.test(name) ? { kind: "env", name } : undefined;
}

/** Hashes a plain-text secret. SHA-256 is enough for long random secrets. */
export function hashSecret(plain: string): SecretHash {
  return { kind: "sha256", digest: Uint8Array.from(createHash("sha256").update(plain, "utf8").digest()) };
}

/** Hashes a plain-text secret as an entry of `secrets`. */
export function sha256Entry(plain: string): string {
  return formatSha256(createHash("sha256").update(plain, "utf8").digest());
}

/** Formats a SHA-256 hash as an entry of `secrets`. */
export function formatSha256(digest: Uint8Array): string {
  return `sha256:${Buffer.from(digest).toString("base64url")}`;
}

/** Formats any hash as an entry of `secrets`, as {@link parseSecret} reads it. */
export function formatHash(hash: SecretHash): string {
  if (hash.kind === "sha256") return formatSha256(hash.digest);
  const [salt, digest] = [hash.salt, hash.digest].map((bytes) =>
    Buffer.from(bytes).toString("base64").replace(/=+$/, ""),
  );
  return `scrypt:$scrypt$ln=${hash.logN},r=${hash.r},p=${hash.p}$${salt}$${digest}`;
}

function parsePath(name: string): SecretHolder | undefined {
  return FILE_NAME.test(name) ? { kind: "file", name } : undefined;
}

function parseSha256(text: string): SecretHash | undefined {
  const digest = decode(text, "base64url");
  return digest?.length === 32 ? { kind: "sha256", digest } : undefined;
}

/** A PHC string (github.com/P-H-C/phc-string-format): its base64 is RFC 4648 section 4 without padding. */
function parseScrypt(text: string): SecretHash | undefined {
  const [, ln, r, p, salt, digest] = PHC.exec(text) ?? [];
  const hash = { logN: Number(ln), r: Number(r), p: Number(p), salt: bytes(salt), digest: bytes(digest) };
  if (!(hash.logN >= SCRYPT.minLogN && hash.logN <= SCRYPT.maxLogN)) return undefined;
  // RFC 7914 section 2 defines scrypt only for N < 2^(128·r/8).
  if (hash.logN >= 16 * hash.r) return undefined;
  if (2 ** hash.logN * hash.r * hash.p > MAX_SCRYPT_COST) return undefined;
  if (hash.salt === undefined || hash.digest === undefined) return undefined;
  return { kind: "scrypt", ...hash, salt: hash.salt, digest: hash.digest };
}

function bytes(text = ""): Uint8Array | undefined {
  const decoded = decode(text, "base64");
  if (decoded === undefined || decoded.length < SCRYPT.minBytes || decoded.length > SCRYPT.maxBytes) return undefined;
  return decoded;
}

/**
 * Node ignores characters that are not valid: a text is well-formed only if its bytes encode to the same text again.
 */
function decode(text: string, encoding: "base64" | "base64url"): Uint8Array | undefined {
  const decoded = Buffer.from(text, encoding);
  return decoded.toString(encoding).replace(/=+$/, "") === text ? Uint8Array.from(decoded) : undefined;
}
