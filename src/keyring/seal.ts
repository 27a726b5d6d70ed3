import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import type { Instant } from "../base/clock.ts";
import type { KeyRecord } from "../store/port.ts";

/** Everything in a key's row besides the key itself. If any of it is changed, the key does not open. */
export interface SealBinding extends Omit<KeyRecord, "sealed"> {
  readonly tenant: string;
}

/** A sealed key, opened. */
export interface Opened {
  readonly text: string;
  /** Whether the seal binds all of {@link SealBinding}: earlier versions bound only tenant, use and generation. */
  readonly bindsAll: boolean;
  /** Until when the tenant accepts rows without a MAC, as given to {@link Sealer.seal}. */
  readonly oldRowsUntil: Instant | undefined;
}

/** Encrypts private keys for the store, and opens them again. */
export interface Sealer {
  /** Seals a key. `oldRowsUntil` is sealed with it, so that whoever can write to the store cannot change it. */
  seal(text: string, binding: SealBinding, oldRowsUntil?: Instant): Promise<string>;
  /** Opens a sealed key. Throws {@link SealError} if this sealer did not seal it for such a row. */
  open(sealed: string, binding: SealBinding): Promise<Opened>;
  /** Whether it was sealed under the key that {@link seal} uses now. If not, it should be resealed. */
  isCurrent(sealed: string): boolean;
  /** A MAC of a text that is stored in the clear, so that whoever can write to the store cannot make or change it. */
  authenticate(text: string): string;
  /** Whether any of the keys made that MAC of this text. */
  isAuthentic(text: string, mac: string): boolean;
}

/** A stored key does not open. The message says which one, and nothing of its contents. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** The length of a key-encryption key, in bytes. */
export const KEY_ENCRYPTION_KEY_BYTES = 32;

/**
 * Seals keys as JWE in compact form (RFC 7516): A256GCM directly under the first of the key-encryption keys, with the
 * binding in the protected header, where the cipher authenticates it. Opens a seal with the key that its header's `kid`
 * names. Throws {@link SealError} if there is no key, or one is not {@link KEY_ENCRYPTION_KEY_BYTES} bytes long.
 */
export function jweSealer(keyEncryptionKeys: readonly Uint8Array[]): Sealer {
  if (keyEncryptionKeys.some((key) => key.length !== KEY_ENCRYPTION_KEY_BYTES)) {
    throw new SealError(`A key-encryption key must have ${KEY_ENCRYPTION_KEY_BYTES} bytes.`);
  }
  const keys = new Map(keyEncryptionKeys.map((key) => [kidOf(key), key]));
  const [first] = keys;
  if (first === undefined) throw new SealError("There is no key-encryption key.");
  const [currentKid, currentKey] = first;
  const [currentMacKey = currentKey, ...otherMacKeys] = keyEncryptionKeys.map(macKeyOf);
  return {
    seal(text, binding, oldRowsUntil) {
      const header = { alg: "dir", enc: "A256GCM", kid: currentKid, ...bound(binding), oldRowsUntil };
      return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(currentKey);
    },
    async open(sealed, binding) {
      const name = `The ${binding.use} key ${binding.generation} of tenant ${binding.tenant}`;
      const key = keys.get(kidIn(sealed) ?? "");
      if (key === undefined) {
        throw new SealError(`${name} cannot be opened: no configured key-encryption key sealed it.`);
      }
      const opened = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      }).catch((cause) => {
        throw new SealError(`${name} cannot be opened: it was changed after it was sealed.`, { cause });
      });
      const header = opened.protectedHeader as Partial<SealBinding & Opened>;
      const bindsAll = header.createdAt !== undefined;
      if (!isFor(header, bindsAll ? bound(binding) : place(binding))) {
        throw new SealError(`${name} cannot be opened: it was sealed for another row, or its row was changed.`);
      }
      return { text: new TextDecoder().decode(opened.plaintext), bindsAll, oldRowsUntil: header.oldRowsUntil };
    },
    isCurrent: (sealed) => kidIn(sealed) === currentKid,
    authenticate: (text) => macOf(text, currentMacKey),
    isAuthentic: (text, mac) => [currentMacKey, ...otherMacKeys].some((key) => isSame(mac, macOf(text, key))),
  };
}

/** A key of its own for MACs (RFC 5869): a key-encryption key never serves two purposes. */
function macKeyOf(keyEncryptionKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", keyEncryptionKey, "", "mintmark registrations", KEY_ENCRYPTION_KEY_BYTES));
}

function macOf(text: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

function isSame(mac: string, expected: string): boolean {
  const [given, wanted] = [Buffer.from(mac), Buffer.from(expected)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** What a seal binds, without any other members of the object. */
function bound({ algorithm, createdAt, activateAt, request, ...rest }: SealBinding): SealBinding {
  return { ...place(rest), algorithm, createdAt, activateAt, request };
}

/** What seals of earlier versions bind. */
function place({ tenant, use, generation }: Pick<SealBinding, "tenant" | "use" | "generation">) {
  return { tenant, use, generation };
}

function isFor(header: Partial<SealBinding>, wanted: Partial<SealBinding>): boolean {
  const names = ["tenant", "use", "generation", "algorithm", "createdAt", "activateAt", "request"] as const;
  return names.every((name) => header[name] === wanted[name]);
}

/** Identifies a key-encryption key without revealing anything of it. */
function kidOf(keyEncryptionKey: Uint8Array): string {
  return createHash("sha256").update("mintmark key-encryption key\n").update(keyEncryptionKey).digest("base64url");
}

/** The `kid` in a sealed key's header, which only opening it proves; undefined if there is none. */
function kidIn(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}
