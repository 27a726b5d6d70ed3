import { create } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { expect } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { SecretVerifier } from "../../src/engine/clients/secrets.ts";
import { OAuthError, toOAuthError } from "../../src/engine/errors.ts";
import { Overload } from "../../src/engine/limits/overload.ts";
import { KeyUnavailableError } from "../../src/keyring/port.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { claimsOf } from "../support/decode.ts";
import { basic, type Form } from "../support/doors.ts";
import { limited } from "../support/limited.ts";
import type { OidcService } from "../support/oidc-service.ts";
import { seededRandom } from "../support/random.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";
import {
  type Attempt,
  attempts,
  credentials,
  JWT_BEARER,
  refusalIn,
  requiredForms,
  TOKEN_EXCHANGE,
  TWIN,
} from "./attempts.ts";

const repeated = (count: number, entry: (index: number) => string) => Array.from({ length: count }, (_, i) => entry(i));

/** A JWT without a signature. */
function unsigned(header: object, claims = {}): string {
  const [head, payload] = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return `${head}.${payload}.AA`;
}

const failing =
  (error: Error): Attempt =>
  async () => {
    const { code, message } = toOAuthError(error);
    return { code, description: message };
  };

/** More secrets than may wait, none of which is ever checked. */
const tooManySecrets: Attempt = async () => {
  const verifier = new SecretVerifier(seededRandom(), systemClock(), () => new Promise(() => {}));
  const slow = { kind: "scrypt", logN: 15, r: 8, p: 1, salt: new Uint8Array(16), digest: new Uint8Array(32) } as const;
  const presenter = { tenant: "t", role: "client", id: "c", isKnown: true } as const;
  for (let waiting = 0; waiting < 100; waiting++) {
    const verified = verifier.verify(presenter, [slow], `wrong ${waiting}`);
    const turn = new Promise((resolve) => setImmediate(resolve));
    const outcome = await Promise.race([verified.catch((error: unknown) => error), turn]);
    if (outcome instanceof OAuthError) return { code: outcome.code, description: outcome.message };
  }
  throw new Error("There is no end to the secrets that may wait.");
};

/** A request to a node that has no room for any. */
const noRoom: Attempt = async () => {
  const { admit } = new Overload({ maxRequestsInFlight: 0, maxEventLoopLag: 0 }, () => 0);
  return Promise.try(admit).then(
    () => expect.unreachable(),
    ({ code, message }: OAuthError) => ({ code, description: message }),
  );
};

/** What the pages of the grants and their common page tell of: by the page's name, ways to be refused like that. */
export async function refusals(service: OidcService): Promise<Readonly<Record<string, readonly Attempt[]>>> {
  const forms = await requiredForms(service);
  const { raw, post, mint, closed, rpc, message, minted } = attempts(service, forms);
  const noSubject = (changes: Form) => mint("arbitrary_no_subject", changes);
  const token = (claims: string, json = "") =>
    mint("arbitrary_token", { arbitrary_claims: claims, arbitrary_json: json });
  const oidc = (id_token: string, authority = "wellknown://google") =>
    mint("arbitrary_oidc_resource_owner", { id_token, authority });
  const asserted = (assertion: string) => mint(JWT_BEARER, { assertion });
  const [header = "", claims = "", signature = ""] = forms.arbitrary_oidc_resource_owner.id_token.split(".");
  const audience = String(claimsOf(forms.arbitrary_oidc_resource_owner.id_token).aud);
  const later = Math.floor(Date.now() / 1000) + 1000;

  const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
  const exchange = (changes: Form) => mint(TOKEN_EXCHANGE, changes);
  const own = await minted("arbitrary_identity");
  const actor = { actor_token: await minted("client_credentials"), actor_token_type: type("access_token") };
  const forTransaction = {
    ...{ requested_token_type: type("txn_token"), audience: "development.example", scope: "a" },
    ...{ subject_token: own, subject_token_type: type("access_token") },
  };
  const transaction = (changes: Form) => exchange({ ...forTransaction, ...changes });
  /** What replaces a transaction token. */
  async function replacing(): Promise<Form> {
    const token = await minted(TOKEN_EXCHANGE, { ...forTransaction, request_details: '{"a":1}' });
    return { subject_token: token, subject_token_type: type("txn_token") };
  }
  const impersonates = { client_id: "impersonates", subject_token_type: type("access_token") };
  /** What is left of a token that was exchanged so often. */
  async function exchanged(times: number, changes: Form = {}): Promise<Form> {
    let form = { subject_token: own, subject_token_type: type("access_token") };
    for (let count = 0; count < times; count++)
      form = { ...form, subject_token: await minted(TOKEN_EXCHANGE, { ...form, ...changes }) };
    return form;
  }

  return {
    README: [
      post({ grant_type: "arbitrary_token" }),
      post({}, "/connect/token", { authorization: "Basic" }),
      noSubject({ client_secret: "wrong" }),
      noSubject({ client_secret: "x".repeat(101) }),
      closed("arbitrary_no_subject", { client_id: "disabled" }),
      closed("arbitrary_no_subject", {}, { authorization: basic("closed", SECRET) }),
      post(credentials),
      post({ ...credentials, grant_type: "password" }),
      message({ grantType: "refresh_token" }),
      closed("arbitrary_token"),
      noSubject({ subject: "someone" }),
      noSubject({ arbitrary_claims: "{" }),
      noSubject({ arbitrary_claims: '{"a":1,"a":2}' }),
      noSubject({ arbitrary_claims: '{"a":12345678901234567890}' }),
      message({ grantType: "arbitrary_no_subject", arbitraryClaims: { a: Number.NaN } }),
      message({ grantType: "arbitrary_no_subject", arbitraryClaims: {}, customPayload: create(ValueSchema) }),
      noSubject({ arbitrary_claims: "[]" }),
      noSubject({ arbitrary_audiences: "{}" }),
      noSubject({ arbitrary_claims: '{"a":"\\ud800"}' }),
      noSubject({ custom_payload: "[[[[[[[[[]]]]]]]]]" }),
      noSubject({ custom_payload: JSON.stringify("x".repeat(17_000)) }),
      noSubject({ arbitrary_claims: `{${repeated(65, (i) => `"c${i}":1`)}}` }),
      noSubject({ arbitrary_claims: '{"aud":"x"}' }),
      noSubject({ arbitrary_claims: '{"a":{"b":1}}' }),
      closed("arbitrary_no_subject", { arbitrary_claims: '{"region":"us"}' }),
      noSubject({ access_token_lifetime: "0" }),
      noSubject({ access_token_type: "saml" }),
      noSubject({ arbitrary_claims: JSON.stringify({ sub: "x".repeat(256) }) }),
      noSubject({ custom_payload: JSON.stringify("x".repeat(15_000)) }),
      noSubject({ scope: "x".repeat(301) }),
      noSubject({ scope: "é" }),
      closed("arbitrary_no_subject", { scope: "b" }),
      closed("arbitrary_no_subject", { arbitrary_claims: '{"sub":"admin"}' }),
      noSubject({ arbitrary_claims: JSON.stringify({ sub: CLIENT_ID }) }),
      closed("arbitrary_no_subject", { arbitrary_audiences: '["b"]' }),
      noSubject({ resource: "orders" }),
      closed("arbitrary_no_subject", { resource: "https://api.example" }),
      noSubject({ resource: "https://api.example", scope: "aggregator_service.read_only" }),
      raw("{}", { "content-type": "application/json" }),
      raw(Uint8Array.of(0xff)),
      raw("a=%"),
      raw("%=a"),
      raw("scope=1&scope=2"),
      raw("a=1", { "content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip" }),
      raw(repeated(65, (i) => `p${i}=1`).join("&")),
      raw(`a=${"x".repeat(65_536)}`),
      async () => refusalIn(await (await fetch(`${service.publicUrl}/connect/token`)).json()),
      post({}, "/nobody/connect/token"),
      rpc('{"grantTyp":""}', "json"),
      failing(new StoreUnavailableError("gone")),
      failing(new KeyUnavailableError("gone")),
      tooManySecrets,
      noRoom,
      failing(limited),
      failing(new Error("a bug")),
    ],
    arbitrary_token: [
      mint("arbitrary_token", { issuer: "" }),
      mint("arbitrary_token", { issuer: "https://elsewhere.example" }),
      token('{"aud":"x"}'),
      token('{"idp":1}'),
      token('{"auth_time":1.5}'),
      token("", '{"scope":["a"]}'),
      token('{"a":1}', '{"a":1}'),
    ],
    arbitrary_no_subject: [noSubject({ arbitrary_claims: "" }), noSubject({ arbitrary_claims: '{"sub":""}' })],
    arbitrary_resource_owner: [
      mint("arbitrary_resource_owner", { subject: "" }),
      mint("arbitrary_resource_owner", { arbitrary_claims: "" }),
      mint("arbitrary_resource_owner", { access_token: "none" }),
      mint("arbitrary_resource_owner", { access_token: await minted("arbitrary_no_subject") }),
    ],
    arbitrary_oidc_resource_owner: [
      mint("arbitrary_oidc_resource_owner", { authority: "" }),
      mint("arbitrary_oidc_resource_owner", { id_token: "" }),
      mint("arbitrary_oidc_resource_owner", { arbitrary_claims: "" }),
      oidc("none", "wellknown://nobody"),
      closed("arbitrary_oidc_resource_owner"),
      oidc("none"),
      oidc("x".repeat(16_385)),
      oidc(unsigned({ alg: "none" })),
      oidc(unsigned({ alg: "ES256", crit: ["x"] })),
      oidc(unsigned({ alg: "ES256", typ: "at+jwt" })),
      oidc(await service.idToken({ iss: "https://elsewhere.example" })),
      oidc(await service.idToken({ client_id: audience })),
      oidc(await service.idToken({ aud: "another" })),
      oidc(await service.idToken({ aud: [audience, "another"], azp: "another" })),
      oidc(await service.idToken({ aud: [audience, "another"], azp: undefined })),
      oidc(await service.idToken({ exp: 1 })),
      oidc(await service.idToken({ nbf: later })),
      oidc(await service.idToken({ sub: undefined })),
      oidc(await service.idToken({ sub: "a\nb" })),
      oidc(await service.idToken({ sub: "x".repeat(255) })),
      oidc(await service.idToken({}, { kid: "another" })),
      oidc([header, claims, signature.replace(/^./, (first) => (first === "A" ? "B" : "A"))].join(".")),
      oidc(await service.deadIdToken(), "wellknown://apple"),
    ],
    client_credentials: [
      mint("client_credentials", { scope: "offline_access" }),
      mint("client_credentials", { scope: "openid" }),
      closed("client_credentials", { client_id: "public", client_secret: "" }),
    ],
    [TOKEN_EXCHANGE]: [
      closed(TOKEN_EXCHANGE, { client_id: "public", client_secret: "" }),
      exchange({ subject_token: "" }),
      exchange({ actor_token: "none" }),
      exchange({ requested_token_type: "jwt" }),
      exchange({ requested_token_type: type("jwt"), access_token_type: "reference" }),
      closed(TOKEN_EXCHANGE, { client_id: "delegates", subject_token_type: type("access_token") }),
      closed(TOKEN_EXCHANGE, { ...impersonates, ...actor }),
      exchange({ subject_token: "none" }),
      exchange({ ...actor, actor_token: "none" }),
      async () => exchange({ ...actor, ...(await exchanged(4, actor)) })(),
      async () => exchange(await exchanged(8))(),
      closed(TOKEN_EXCHANGE, { ...impersonates, audience: "x" }),
      exchange({ subject_token: own, subject_token_type: type("access_token"), scope: "b" }),
      exchange({ requested_token_type: type("id_token"), scope: "a" }),
      closed(TOKEN_EXCHANGE, { ...impersonates, scope: "offline_access" }),
      exchange({ subject_token: await service.deadIdToken() }),
    ],
    "transaction-tokens": [
      transaction({ scope: "" }),
      transaction({ subject_token: await service.idToken(), subject_token_type: type("id_token") }),
      transaction(actor),
      exchange({ request_details: "{}" }),
      transaction({ request_details: "[]" }),
      transaction({ ...(await replacing()), request_details: '{"a":2}' }),
      transaction({ audience: "elsewhere" }),
      transaction({ scope: "b" }),
      transaction({ scope: "offline_access" }),
    ],
    [JWT_BEARER]: [
      asserted(""),
      mint(JWT_BEARER, { scope: "offline_access" }),
      asserted("none"),
      asserted("x".repeat(16_385)),
      asserted(unsigned({ alg: "none" })),
      asserted(unsigned({ alg: "ES256", crit: ["x"] })),
      asserted(unsigned({ alg: "ES256", typ: "at+jwt" })),
      asserted(await service.assertion({ iss: "https://elsewhere.example" })),
      post(
        {
          client_id: "twin",
          client_secret: SECRET,
          grant_type: JWT_BEARER,
          assertion: unsigned({ alg: "ES256" }, { iss: TWIN }),
        },
        "/twins/connect/token",
      ),
      asserted(await service.assertion({ client_id: "x" })),
      asserted(await service.assertion({ aud: [service.publicUrl, "another"] })),
      asserted(await service.assertion({ exp: undefined })),
      asserted(await service.assertion({ exp: 1 })),
      asserted(await service.assertion({ exp: later + 10_000 })),
      asserted(await service.assertion({ nbf: later, exp: later })),
      asserted(await service.assertion({ sub: undefined })),
      asserted(await service.assertion({ sub: "a\nb" })),
      asserted(await service.assertion({ sub: "x".repeat(255) })),
      asserted(await service.assertion({ jti: "" })),
      asserted(await service.assertion({}, { kid: "another" })),
      asserted(
        forms[JWT_BEARER].assertion.replace(
          /\.([^.])([^.]*)$/,
          (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`,
        ),
      ),
      async () => {
        const assertion = await service.assertion({ jti: "once" });
        await minted(JWT_BEARER, { assertion });
        return asserted(assertion)();
      },
      asserted(await service.deadIdToken({ aud: service.publicUrl })),
    ],
    arbitrary_identity: [mint("arbitrary_identity", { subject: "" }), mint("arbitrary_identity", { scope: "" })],
  };
}
