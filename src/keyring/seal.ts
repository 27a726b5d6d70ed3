import { createHash } from "node:crypto";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import type { KeyUse } from "../store/port.ts";

/** Where a sealed key belongs: it opens nowhere else. */
export interface SealBinding {
  readonly tenant: string;
  readonly use: KeyUse;
  readonly generation: number;
}

/** Encrypts private keys for the store, and opens them again. */
export interface Sealer {
  seal(text: string, binding: SealBinding): Promise<string>;
  /** Throws {@link SealError} where the text was not sealed by this sealer for that place. */
  open(sealed: string, binding: SealBinding): Promise<string>;
  /** Whether it was sealed as {@link seal} seals now; false: it should be sealed again. */
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
 * Throws {@link SealError} where there is no key, or one that is not of {@link KEY_ENCRYPTION_KEY_BYTES} bytes.
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
    seal(text, binding) {
      const header = { alg: "dir", enc: "A256GCM", kid: currentKid, ...binding };
      return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(currentKey);
    },
    async open(sealed, binding) {
      const place = `The ${binding.use} key ${binding.generation} of tenant ${binding.tenant}`;
      const key = keys.get(kidIn(sealed) ?? "");
      if (key === undefined) {
        throw new SealError(`${place} cannot be opened: the key-encryption key is not the one that sealed it.`);
      }
      const opened = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      }).catch((cause) => {
        throw new SealError(`${place} cannot be opened: it is not as it was sealed.`, { cause });
      });
      const { tenant, use, generation } = opened.protectedHeader as Partial<SealBinding>;
      if (tenant !== binding.tenant || use !== binding.use || generation !== binding.generation) {
        throw new SealError(`${place} cannot be opened: it was sealed for another place.`);
      }
      return new TextDecoder().decode(opened.plaintext);
    },
    isCurrent: (sealed) => kidIn(sealed) === currentKid,
  };
}

/** Names a key-encryption key without telling anything of it. */
function kidOf(keyEncryptionKey: Uint8Array): string {
  return createHash("sha256").update("mintmark key-encryption key\n").update(keyEncryptionKey).digest("base64url");
}

/** The `kid` that a sealed key names, which is proven only by opening it; undefined where it names none. */
function kidIn(sealed: string): string | undefined {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined;
  }
}
