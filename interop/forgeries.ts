import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeJwt,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { gatewayDoor } from "../test/support/doors.ts";
import { startTestService, type TestService } from "../test/support/service.ts";

/** A token, and whether a verifier of the audience `nitro` must accept it. */
export interface Case {
  readonly name: string;
  readonly token: string;
  readonly accepted: boolean;
}

/** An issuer whose JWKS has a service's keys, and one that a test has too: so that whatever can be signed is. */
export interface Issuer {
  readonly url: string;
  readonly cases: readonly Case[];
  close(): Promise<void>;
}

const CREDENTIALS = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };

/** Starts the issuer, and has the service mint and the test forge. */
export async function startIssuer(): Promise<Issuer> {
  const own = await generateKeyPair("RS256", { extractable: true });
  const kid = "the-tests-own";
  let service: TestService | undefined;
  const server = createServer(async (_, response) => {
    const answer = await fetch(`http://127.0.0.1:${service?.httpPort}/.well-known/openid-configuration/jwks`);
    const { keys } = (await answer.json()) as { keys: JWK[] };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ keys: [...keys, { ...(await exportJWK(own.publicKey)), kid, alg: "RS256", use: "sig" }] }),
    );
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  service = await startTestService({ MINTMARK_PUBLIC_URL: url });
  const minted = await mintBoth(`http://127.0.0.1:${service.httpPort}`);
  const claims = decodeJwt(minted.access);
  const sign = (payload: JWTPayload, header: object = {}, key: CryptoKey | Uint8Array = own.privateKey) =>
    new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid, ...header }).sign(key);
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name));
  const publicKey = new TextEncoder().encode(await exportSPKI(own.publicKey));
  const stranger = await generateKeyPair("RS256");
  const introspection = {
    iss: url,
    aud: "nitro",
    iat: claims.iat ?? 0,
    token_introspection: { active: true, ...claims },
  };
  const refused: readonly (readonly [string, string])[] = [
    ["an id_token", minted.identity],
    ["a reference token", minted.reference],
    ["no token", "nonsense"],
    ["another issuer", await sign({ ...claims, iss: `${url}/acme` })],
    ["no issuer", await sign(without("iss"))],
    ["another audience", await sign({ ...claims, aud: ["metal"] })],
    ["no audience", await sign(without("aud"))],
    ["an expiry that has passed", await sign({ ...claims, exp: 1_700_000_000 })],
    ["no expiry", await sign(without("exp"))],
    ["a start in the future", await sign({ ...claims, nbf: 4_000_000_000 })],
    ["no client_id", await sign(without("client_id"))],
    ["no jti", await sign(without("jti"))],
    ["a signed introspection", await sign(introspection, { typ: "token-introspection+jwt" })],
    [
      "a transaction token",
      await sign({ ...without("client_id"), txn: "1", req_wl: "gateway" }, { typ: "txntoken+jwt" }),
    ],
    ["another's key under a known kid", await sign(claims, {}, stranger.privateKey)],
    ["another algorithm of the key", await sign(claims, { alg: "PS256" }, await asPs256(own.privateKey))],
    ["the public key as a secret", await sign(claims, { alg: "HS256" }, publicKey)],
    ["no signature", new UnsecuredJWT(claims).encode()],
  ];
  return {
    url,
    cases: [
      { name: "an access token of the service", token: minted.access, accepted: true },
      { name: "the same claims, signed by a key of the JWKS", token: await sign(claims), accepted: true },
      ...refused.map(([name, token]) => ({ name, token, accepted: false })),
      // The last one, as a verifier may then fetch the keys only after a while.
      { name: "an unknown kid", token: await sign(claims, { kid: "unknown" }, stranger.privateKey), accepted: false },
    ],
    async close() {
      await service.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same key for another algorithm of RSA. */
async function asPs256(key: CryptoKey): Promise<CryptoKey> {
  const algorithm = { name: "RSA-PSS", hash: "SHA-256" };
  return crypto.subtle.importKey("pkcs8", await crypto.subtle.exportKey("pkcs8", key), algorithm, false, ["sign"]);
}

async function mintBoth(gateway: string) {
  const door = gatewayDoor(gateway);
  const form = { ...CREDENTIALS, subject: "alice", arbitrary_claims: "{}", scope: "nitro" };
  const both = await door.mint({ ...form, grant_type: "arbitrary_identity" });
  const reference = await door.mint({ ...form, grant_type: "arbitrary_identity", access_token_type: "reference" });
  const { accessToken: access = "", idToken: identity = "" } = both;
  return { access, identity, reference: reference.accessToken ?? "" };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
