import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Caller } from "../../src/engine/request.ts";
import type { PresentedCertificate } from "../../src/possession/client-certificate.ts";
import { publicKeyIn, thumbprintOf } from "../../src/possession/public-key.ts";

/** What precedes the 32 bytes of a private key of Ed25519 in PKCS #8 (RFC 8410 section 7). */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

/** The request that all proofs are for. */
const REQUEST = { method: "POST", urls: ["https://mint.example/connect/token"] };

/** A key of somebody's, for DPoP: a real one, as a real signature of Ed25519 draws no chance. */
export interface ProofKey {
  /** What tokens are bound to, as the JSON of their `cnf`. */
  readonly cnf: string;
  /** `iat`: in seconds. */
  readonly prove: (jti: string, iat: number) => string;
  /** The same by somebody who has another key. */
  readonly forge: (jti: string, iat: number) => string;
}

/** The key of that name. */
export function proofKey(name: string): ProofKey {
  const key = privateKey(name);
  const jwk = publicKeyIn({ ...createPublicKey(key).export({ format: "jwk" }) } as {
    readonly [name: string]: string;
  })?.members;
  if (jwk === undefined) throw new Error("the key is none");
  const header = encode({ alg: "Ed25519", typ: "dpop+jwt", jwk });
  return {
    cnf: JSON.stringify({ jkt: thumbprintOf(jwk) }),
    prove: (jti, iat) => signedBy(key, jti, iat),
    forge: (jti, iat) => signedBy(privateKey("a forger"), jti, iat),
  };

  function signedBy(signer: KeyObject, jti: string, iat: number): string {
    const signed = `${header}.${encode({ jti, iat, htm: REQUEST.method, htu: REQUEST.urls[0] })}`;
    return `${signed}.${sign(null, Buffer.from(signed), signer).toString("base64url")}`;
  }
}

function privateKey(name: string): KeyObject {
  const secret = Buffer.concat([Buffer.from(PKCS8_PREFIX, "hex"), createHash("sha256").update(name).digest()]);
  return createPrivateKey({ key: secret, format: "der", type: "pkcs8" });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** What a caller holds, and shows. */
export interface Held {
  /** The key that the proof is of. */
  readonly key?: ProofKey | undefined;
  readonly proof?: string | undefined;
  /** Whether the proof may be refused: others may show the same one, or it is forged. */
  readonly isDoubtful?: true | undefined;
  /** The name of the certificate of its connection. */
  readonly certificate?: string | undefined;
}

/** What tokens are bound to whose holder has that certificate, as the JSON of their `cnf`. */
export function certificateCnf(name: string): string {
  return JSON.stringify({ "x5t#S256": certificate(name).thumbprint });
}

/** What somebody holds, as the JSON of the `cnf` of what is bound to it. */
export function cnfsOf({ key, certificate: name }: Held): readonly string[] {
  return [...(key ? [key.cnf] : []), ...(name === undefined ? [] : [certificateCnf(name)])];
}

/** The part of a caller that shows it. */
export function shownBy({ proof, certificate: name }: Held): Caller {
  return {
    ...(proof !== undefined && { dpop: { ...REQUEST, proofs: [proof] } }),
    ...(name !== undefined && { certificate: certificate(name) }),
  };
}

function certificate(name: string): PresentedCertificate {
  return {
    thumbprint: createHash("sha256").update(name).digest("base64url"),
    subject: `CN=${name}`,
    names: { dns: [], uri: [], ip: [], email: [] },
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
    isVerified: true,
  };
}
