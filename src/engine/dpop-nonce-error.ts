import { OAuthError } from "./errors.ts";

/** A refusal of a proof without a nonce of the mint: with this one the same request works. A door tells it (RFC 9449 section 8). */
export class DpopNonceError extends OAuthError {
  readonly nonce: string;

  constructor(nonce: string) {
    super("use_dpop_nonce", "DPoP needs a nonce claim: the one in the header DPoP-Nonce of this answer.");
    this.nonce = nonce;
  }
}
