import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import type { Caller } from "../../src/engine/request.ts";

/** Claims or header parameters that are added, replaced, or (undefined) left out. */
export type Changes = Readonly<Record<string, JsonValue | undefined>>;

/** What signs assertions. */
export interface AssertionKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JsonObject;
  /** Signs a JWT of these claims. */
  sign(claims: Changes, header?: Changes): Promise<string>;
}

/** A key of that algorithm. */
export async function assertionKey(alg = "ES256", members: Changes = {}): Promise<AssertionKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = present({ ...((await exportJWK(publicKey)) as JsonObject), ...members });
  return {
    privateKey,
    publicJwk,
    sign: (claims, header = {}) =>
      new SignJWT(present(claims)).setProtectedHeader({ alg, ...present(header) }).sign(privateKey),
  };
}

/** The form's part that proves a client by a JWT (RFC 7523 section 2.2). */
export function asserted(clientAssertion: string, type = "jwt-bearer"): Caller {
  return { clientAssertion, clientAssertionType: `urn:ietf:params:oauth:client-assertion-type:${type}` };
}

function present(members: Changes): Record<string, JsonValue> {
  return JSON.parse(JSON.stringify(members));
}
