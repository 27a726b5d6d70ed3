import type { SanType } from "../possession/client-certificate.ts";

/** Which DPoP proofs a tenant accepts (RFC 9449 section 11.1). Times in seconds. */
export interface DpopPolicy {
  /** How old a proof may be. */
  readonly window: number;
  /** By how much a client's clock may differ. */
  readonly skew: number;
}

/** A name in a certificate: its kind and its value, which must be that exactly. */
export type CertificateName = { readonly kind: "subject" | SanType; readonly value: string };

/** What a client's registration says of the keys that it holds, and those that its tokens are bound to. */
export interface ClientPossession {
  /** Whether it must prove to hold a key, to which its tokens are then bound (RFC 9449), or just may. */
  readonly dpop: "allowed" | "required";
  /** Whether its DPoP proofs need a nonce of the mint (RFC 9449 section 8). */
  readonly dpopNonce: boolean;
  /** Whether its tokens are bound to the certificate of its connection (RFC 8705 section 3), which it then needs. */
  readonly certificateBoundTokens: boolean;
  /** How its certificate must name it (RFC 8705 section 2.1); undefined: it does not prove itself that way. */
  readonly tlsClientAuth: CertificateName | undefined;
  /** The thumbprints of the certificates that it signed itself (RFC 8705 section 2.2). */
  readonly tlsCertificates: readonly string[];
  /** Whether it may bind tokens to keys of others. */
  readonly allowConfirmation: boolean;
}
