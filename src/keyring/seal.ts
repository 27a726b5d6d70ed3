import { createHash } from "node:crypto";
import { CompactEncrypt, compactDecrypt } from "jose";
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
}

/** A stored key that does not open. Its message names the place, never the text. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** Bytes of a key-encryption key. */
export const KEY_ENCRYPTION_KEY_BYTES = 32;

/**
 * Seals as JWE in compact form (RFC 7516), A256GCM directly under the key-encryption key, with the binding in the
 * protected header, where the cipher authenticates it.
 */
export function jweSealer(keyEncryptionKey: Uint8Array): Sealer {
  if (keyEncryptionKey.length !== KEY_ENCRYPTION_KEY_BYTES) {
    throw new SealError(`A key-encryption key has ${KEY_ENCRYPTION_KEY_BYTES} bytes.`);
  }
  const kid = createHash("sha256").update("mintmark key-encryption key\n").update(keyEncryptionKey).digest("base64url");
  return {
    seal(text, binding) {
      const header = { alg: "dir", enc: "A256GCM", kid, ...binding };
      return new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(keyEncryptionKey);
    },
    async open(sealed, binding) {
      const place = `The ${binding.use} key ${binding.generation} of tenant ${binding.tenant}`;
      const opened = await compactDecrypt(sealed, keyEncryptionKey, {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      }).catch((cause) => {
        throw new SealError(`${place} cannot be opened: the key-encryption key is not the one that sealed it.`, {
          cause,
        });
      });
      const { tenant, use, generation } = opened.protectedHeader as Partial<SealBinding>;
      if (tenant !== binding.tenant || use !== binding.use || generation !== binding.generation) {
        throw new SealError(`${place} cannot be opened: it was sealed for another place.`);
      }
      return new TextDecoder().decode(opened.plaintext);
    },
  };
}
