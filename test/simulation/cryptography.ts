import { createHash, hash } from "node:crypto";
import { type Authorities, AuthorityUnavailableError, IdTokenError } from "../../src/authorities/port.ts";
import { isJsonObject, type JsonMembers, type JsonObject, parseExactJson } from "../../src/base/json.ts";
import type { Signatures } from "../../src/keyring/algorithms.ts";
import type { PublicJwk } from "../../src/keyring/port.ts";
import { type SealBinding, SealError, type Sealer } from "../../src/keyring/seal.ts";
import type { Prng } from "./prng.ts";

/** Quick, synchronous stand-ins for what takes time and threads. A public key is as good as its private one here. */
export function simulatedSignatures(random: Prng): Signatures {
  return {
    generate: async () => Buffer.from(random.bytes(32)).toString("base64url"),
    async load(algorithm, secret) {
      const kid = kidOf(secret);
      const publicJwk = { kty: "simulated", x: secret, kid, alg: algorithm, use: "sig" };
      return {
        kid,
        algorithm,
        publicJwk,
        sign: async (claims, typ) => sign(secret, `${encode({ alg: algorithm, kid, typ })}.${encode(claims)}`),
        verify: async (jwt) => verifyWith(publicJwk, jwt),
      };
    },
  };
}

/** What a resource server does with a JWT and a published key: the claims, or undefined. */
export function verifyWith({ x }: PublicJwk, jwt: string): JsonObject | undefined {
  return isSignedWith(String(x), jwt) ? claimsOf(jwt) : undefined;
}

/** A JWT of somebody who is no node, such as a client that proves itself. */
export function signedJwt(secret: string, claims: JsonObject): string {
  return sign(secret, `${encode({ alg: "ES256" })}.${encode(claims)}`);
}

function isSignedWith(secret: string, jwt: string): boolean {
  const [header, payload] = jwt.split(".");
  return jwt === sign(secret, `${header}.${payload}`);
}

/** The claims of a JWT, as anyone can read them. */
export function claimsOf(jwt: string): JsonObject {
  const claims = parseExactJson(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
  if (!isJsonObject(claims)) throw new Error("the claims are no object");
  return claims;
}

/** The kid that a JWT names. */
export function headerKid(jwt: string): string {
  return JSON.parse(Buffer.from(jwt.split(".")[0] ?? "", "base64url").toString()).kid;
}

/** The kid of a signing key as it stands sealed in the store. */
export function kidOfSealed(sealed: string): string {
  return kidOf(JSON.parse(sealed).text);
}

/** Keeps nothing secret, but opens nothing that was sealed for another place. */
export const simulatedSealer: Sealer = {
  seal: async (text, binding, oldRowsUntil) => JSON.stringify({ text, binding: bound(binding), oldRowsUntil }),
  async open(sealed, binding) {
    const { text, binding: sealedFor, oldRowsUntil } = JSON.parse(sealed);
    if (JSON.stringify(sealedFor) !== JSON.stringify(bound(binding))) {
      throw new SealError("it was sealed for another row");
    }
    return { text, bindsAll: true, oldRowsUntil };
  },
  isCurrent: () => true,
  authenticate: (text) => createHash("sha256").update(text).digest("base64url"),
  isAuthentic: (text, mac) => simulatedSealer.authenticate(text) === mac,
};

/** The id_token of a subject, as the simulated authority gives it. */
export function foreignIdToken(subject: string): string {
  return `id_token of ${subject}`;
}

/** Authorities and clients whose keys cannot always be had. `away`: told whenever that is so. */
export function simulatedAuthorities(random: Prng, away: () => void): Authorities {
  const reach = () => {
    if (!random.chance(0.05)) return;
    away();
    throw new AuthorityUnavailableError("the simulated authority is away");
  };
  return {
    async checkSignature({ text }, keys) {
      if (!("jwks" in keys)) reach();
      const secrets = "jwks" in keys ? keys.jwks.map(({ x }) => String(x)) : [];
      return secrets.some((secret) => isSignedWith(secret, text)) ? "signed" : "signature wrong";
    },
    async verify(_, idToken) {
      reach();
      const subject = /^id_token of (.+)$/.exec(idToken)?.[1];
      if (subject === undefined) throw new IdTokenError("The id_token is malformed.");
      return { sub: subject };
    },
  };
}

function bound({ tenant, use, generation, algorithm, createdAt, activateAt, request }: SealBinding): SealBinding {
  return { tenant, use, generation, algorithm, createdAt, activateAt, request };
}

function kidOf(secret: string): string {
  return hash("sha256", secret, "base64url");
}

function encode(value: JsonMembers): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function sign(secret: string, signed: string): string {
  return `${signed}.${hash("sha256", `${secret}.${signed}`, "base64url")}`;
}
