import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** A client's key, with which it signs proofs (RFC 9449). */
export interface DpopKey {
  readonly jkt: string;
  /** A proof for a request, as new as `iat` says (in seconds); each has a jti of its own. */
  prove(
    request: { readonly method: string; readonly url: string; readonly iat: number },
    claims?: JWTPayload,
  ): Promise<string>;
}

/** Makes a key that can prove itself. */
export async function dpopKey(algorithm = "ES256"): Promise<DpopKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  let proofs = 0;
  return {
    jkt: await calculateJwkThumbprint(jwk),
    prove({ method, url, iat }, claims) {
      proofs += 1;
      return new SignJWT({ jti: `proof ${proofs}`, htm: method, htu: url, iat, ...claims })
        .setProtectedHeader({ alg: algorithm, typ: "dpop+jwt", jwk })
        .sign(privateKey);
    },
  };
}
