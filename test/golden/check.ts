import { createRemoteJWKSet, jwtVerify } from "jose";
import { expect } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { Answer } from "../support/doors.ts";
import { comparable, type Golden } from "./golden.ts";

/** The claims of a token, verified as a resource server does it: with the published JWKS. */
export async function verified(jwt: string | undefined, tenantUrl: string): Promise<JsonObject> {
  const jwks = createRemoteJWKSet(new URL(`${tenantUrl}/.well-known/openid-configuration/jwks`));
  return (await jwtVerify(jwt ?? "", jwks, { typ: "JWT" })).payload as JsonObject;
}

/** Checks an answer against its golden file. `clientId`: who asked, if it is not the golden file's client. */
export async function checkAnswer(golden: Golden, answer: Answer, publicUrl: string, clientId?: string): Promise<void> {
  expect(answer.error).toBeUndefined();
  expect(answer).toMatchObject({ tokenType: "Bearer", expiresIn: golden.response.expires_in });
  expect(answer.refreshToken !== undefined).toBe(golden.response.has.includes("refresh_token"));
  expect(answer.idToken !== undefined).toBe(golden.response.has.includes("id_token"));

  const access = await verified(answer.accessToken, publicUrl);
  const expected = { ...golden.accessToken.claims, ...(clientId && { client_id: clientId }) };
  const goldenIssuer = String(golden.accessToken.claims.iss);
  expect(comparable(access, golden, publicUrl)).toEqual(comparable(expected, golden, goldenIssuer));
  expect(Number(access.exp) - Number(access.nbf)).toBe(golden.response.expires_in);
  expect(access.iss).toBe(golden.request.issuer ?? publicUrl);
  expect("auth_time" in access).toBe("auth_time" in golden.accessToken.claims);

  if (golden.idTokenOut === undefined) return;
  // The golden id_token is for several and says nothing of who asked, as OpenID Connect demands.
  const { azp, ...identity } = await verified(answer.idToken, publicUrl);
  expect(azp).toBe(Array.isArray(identity.aud) && identity.aud.length > 1 ? (clientId ?? access.client_id) : undefined);
  expect(comparable(identity, golden, publicUrl)).toEqual(comparable(golden.idTokenOut.claims, golden, goldenIssuer));
  expect(Number(identity.exp) - Number(identity.nbf)).toBe(300);
  expect(identity.at_hash).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(identity.auth_time).toBe(access.auth_time);
}
