import { createHash } from "node:crypto";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import type { Instant } from "../base/clock.ts";
import type { KeyRecord } from "../store/port.ts";

/** All that a key's row says beside the key: with anything else it does not open. */
export interface SealBinding extends Omit<KeyRecord, "sealed"> {
  readonly tenant: string;
}

/** A sealed key, opened. */
export interface Opened {
  readonly text: string;
  /** Whether the seal binds all of {@link SealBinding}: those of earlier versions bind the place alone. */
  readonly bindsAll: boolean;
  /** Until when the tenant takes rows without a MAC, as {@link Sealer.seal} was told. */
  readonly oldRowsUntil: Instant | undefined;
}

/** Encrypts private keys for the store, and opens them again. */
export interface Sealer {
  /** `oldRowsUntil`: a moment that is kept with the key, where whoever writes the store cannot change it. */
  seal(text: string, binding: SealBinding, oldRowsUntil?: Instant): Promise<string>;
  /** Throws {@link SealError} if the text was not sealed by this sealer for such a row. */
  open(sealed: string, binding: SealBinding): Promise<Opened>;
  /** Whether it was sealed under the key that {@link seal} seals under now; false: it should be sealed again. */
  isCurrent(sealed: string): boolean;
}

/** A stored key that does not open. Its message names the place, never the text. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** Bytes of a key-encryption key. */
export const KEY_ENCRYPTION_KEY_BYTES = 32;

/**
 * Seals as JWE in compact form (RFC 7516), A256GCM directly under the first of the key-encryption keys, with the
 * binding in the protected header, where the cipher authenticates it. Opens with the key that the header's `kid` names.
 * Throws {@link SealError} if there is no key, or one that is not of {@link KEY_ENCRYPTION_KEY_BYTES} bytes.
 */
export function jweSealer(keyEncryptionKeys: readonly Uint8Array[]): Sealer {
  if (keyEncryptionKeys.some((key) => key.length !== KEY_ENCRYPTION_KEY_BYTES)) {
    throw new SealError(`A key-encryption key has ${KEY_ENCRYPTION_KEY_BYTES} bytes.`);
  }
  const keys = new Map(keyEncryptionKeys.map((key) => [kidOf(key), key]));
  const [first] = keys;
  if (first === undefined) throw new SealError("There is no key-encryption key.");
  const [currentKid, currentKey] = first;
  return {
    seal(text, binding, oldRowsUntil) {
      const header = { alg: "dir", enc: "A256GCM", kid: currentKid, ...bound(binding), oldRowsUntil };
      return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(currentKey);
    },
    async open(sealed, binding) {
      const name = `The ${binding.use} key ${binding.generation} of tenant ${binding.tenant}`;
      const key = keys.get(kidIn(sealed) ?? "");
      if (key === undefined) {
        throw new SealError(`${name} cannot be opened: the key-encryption key is not the one that sealed it.`);
      }
      const opened = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      }).catch((cause) => {
        throw new SealError(`${name} cannot be opened: it is not as it was sealed.`, { cause });
      });
      const header = opened.protectedHeader as Partial<SealBinding & Opened>;
      const bindsAll = header.createdAt !== undefined;
      if (!isFor(header, bindsAll ? bound(binding) : place(binding))) {
        throw new SealError(`${name} cannot be opened: it was sealed for another place, or its row was changed.`);
      }
      return { text: new TextDecoder().decode(opened.plaintext), bindsAll, oldRowsUntil: header.oldRowsUntil };
    },
    isCurrent: (sealed) => kidIn(sealed) === currentKid,
  };
}

/** What a seal binds, without what else the object may have. */
function bound({ algorithm, createdAt, activateAt, request, ...rest }: SealBinding): SealBinding {
  return { ...place(rest), algorithm, createdAt, activateAt, request };
}

/** What the seals of earlier versions bind. */
function place({ tenant, use, generation }: Pick<SealBinding, "tenant" | "use" | "generation">) {
  return { tenant, use, generation };
}

function isFor(header: Partial<SealBinding>, wanted: Partial<SealBinding>): boolean {
  const names = ["tenant", "use", "generation", "algorithm", "createdAt", "activateAt", "request"] as const;
  return names.every((name) => header[name] === wanted[name]);
}

/** Names a key-encryption key without telling anything of it. */
function kidOf(keyEncryptionKey: Uint8Array): string {
  return createHash("sha256").update("mintmark key-encryption key\n").update(keyEncryptionKey).digest("base64url");
}

/** The `kid` that a sealed key names, which is proven only by opening it; undefined if it names none. */
function kidIn(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}
