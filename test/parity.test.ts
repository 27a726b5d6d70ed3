import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimsOf } from "./support/decode.ts";
import { type Door, type Form, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
let gateway: Door;

beforeAll(async () => {
  service = await startTestService();
  rpc = rpcDoor(service.rpcPort);
  gateway = gatewayDoor(service.publicUrl);
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

const credentials = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };

const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;

const valid = {
  token: { ...credentials, grant_type: "arbitrary_token", issuer: "https://accounts.google.com" },
  noSubject: { ...credentials, grant_type: "arbitrary_no_subject", arbitrary_claims: "{}" },
  resourceOwner: { ...credentials, grant_type: "arbitrary_resource_owner", subject: "someone", arbitrary_claims: "{}" },
  oidc: {
    ...credentials,
    grant_type: "arbitrary_oidc_resource_owner",
    authority: "wellknown://google",
    id_token: "none",
    arbitrary_claims: "{}",
  },
  identity: { ...credentials, grant_type: "arbitrary_identity", subject: "someone", scope: "a" },
  itself: { ...credentials, grant_type: "client_credentials", scope: "b a" },
  exchange: {
    ...credentials,
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: "none",
    subject_token_type: type("access_token"),
  },
  bearer: { ...credentials, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "none" },
} satisfies Record<string, Form>;

const many = JSON.stringify(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, 1])));

/** What is refused, and the code that it is refused with. */
const refused: [string, Form, string][] = [
  ["no client", { grant_type: "arbitrary_token" }, "invalid_client"],
  ["an unknown client", { ...valid.token, client_id: "nobody" }, "invalid_client"],
  ["a wrong secret", { ...valid.token, client_secret: "wrong" }, "invalid_client"],
  ["no secret", { ...valid.token, client_secret: "" }, "invalid_client"],
  ["an endless secret", { ...valid.token, client_secret: "x".repeat(1000) }, "invalid_request"],
  ["an endless client_id", { ...valid.token, client_id: "x".repeat(1000) }, "invalid_request"],
  ["no grant_type", credentials, "invalid_request"],
  ["an unknown grant_type", { ...credentials, grant_type: "password" }, "unsupported_grant_type"],
  ["no issuer", { ...valid.token, issuer: "" }, "invalid_request"],
  ["an issuer that is not allowed", { ...valid.token, issuer: 'https://évil.example"\\' }, "invalid_request"],
  [
    "a parameter of another grant",
    { ...valid.token, scope: "a b", arbitrary_amrs: '["x"]', id_token: "x" },
    "invalid_request",
  ],
  ["a reserved claim", { ...valid.token, arbitrary_claims: '{"Sub":"x","exp":1}' }, "invalid_request"],
  ["a claim that verifiers take for scope", { ...valid.token, arbitrary_claims: '{"scp":"x"}' }, "invalid_request"],
  ["one in arbitrary_json", { ...valid.token, arbitrary_json: '{"act":{"sub":"x"}}' }, "invalid_request"],
  ["one in compatible letters", { ...valid.noSubject, arbitrary_claims: '{"\uff53cp":"x"}' }, "invalid_request"],
  ["a claim with a blank at its end", { ...valid.noSubject, arbitrary_claims: '{"name ":"x"}' }, "invalid_request"],
  [
    "a claim with a control character",
    { ...valid.noSubject, arbitrary_claims: '{"na\\u0001me":"x"}' },
    "invalid_request",
  ],
  ["a nested claim", { ...valid.noSubject, arbitrary_claims: '{"a":{"b":1}}' }, "invalid_request"],
  ["a null claim", { ...valid.noSubject, arbitrary_claims: '{"a":null}' }, "invalid_request"],
  ["a claim that is not ASCII", { ...valid.noSubject, arbitrary_claims: '{"ключ":null}' }, "invalid_request"],
  ["a claim twice over", { ...valid.token, arbitrary_claims: '{"a":1}', arbitrary_json: '{"a":2}' }, "invalid_request"],
  ["too many claims", { ...valid.noSubject, arbitrary_claims: many }, "invalid_request"],
  [
    "claims that are too large",
    { ...valid.noSubject, arbitrary_claims: JSON.stringify({ a: "x".repeat(17_000) }) },
    "invalid_request",
  ],
  ["JSON that is too deep", { ...valid.identity, custom_payload: "[[[[[[[[[1]]]]]]]]]" }, "invalid_request"],
  [
    "a token that would be too large",
    { ...valid.identity, custom_payload: JSON.stringify("x".repeat(15_000)) },
    "invalid_request",
  ],
  ["a reserved sub", { ...valid.noSubject, arbitrary_claims: '{"sub":1}' }, "invalid_request"],
  ["no subject", { ...valid.resourceOwner, subject: "" }, "invalid_request"],
  ["no claims", { ...valid.resourceOwner, arbitrary_claims: "", subject: "" }, "invalid_request"],
  ["a subject that is too long", { ...valid.resourceOwner, subject: "x".repeat(256) }, "invalid_request"],
  ["an access token that is none", { ...valid.resourceOwner, access_token: "none" }, "invalid_grant"],
  ["an unknown authority", { ...valid.oidc, authority: "wellknown://nobody" }, "invalid_request"],
  ["an id_token that is none", valid.oidc, "invalid_grant"],
  ["no scope", { ...valid.identity, scope: "" }, "invalid_request"],
  ["a malformed scope", { ...valid.identity, scope: "a \u00e9" }, "invalid_scope"],
  ["a scope that is too long", { ...valid.identity, scope: "x".repeat(301) }, "invalid_scope"],
  ["a resource that is no URI", { ...valid.identity, resource: "orders" }, "invalid_target"],
  ["a resource with a fragment", { ...valid.itself, resource: "https://api.example/#" }, "invalid_target"],
  ["a resource where the claims say aud", { ...valid.token, resource: "https://api.example" }, "invalid_request"],
  [
    "a scope of another resource",
    { ...valid.identity, scope: "aggregator_service.read_only", resource: "https://api.example" },
    "invalid_scope",
  ],
  ["a confirmation that is no key", { ...valid.identity, confirmation: '{"jkt":"a"}' }, "invalid_request"],
  ["a confirmation with two keys", { ...valid.itself, confirmation: '{"jkt":"a","jwk":{}}' }, "invalid_request"],
  ["a client's id as a subject", { ...valid.identity, subject: credentials.client_id }, "invalid_request"],
  ["an id_token for a client itself", { ...valid.itself, scope: "openid" }, "invalid_scope"],
  ["a refresh token for a client itself", { ...valid.itself, scope: "offline_access" }, "invalid_scope"],
  ["a claim of a client about itself", { ...valid.itself, arbitrary_claims: '{"a":1}' }, "invalid_request"],
  ["a client that does not prove to be itself", { ...valid.itself, client_secret: "" }, "invalid_client"],
  ["a subject token that is none", valid.exchange, "invalid_request"],
  ["an actor without a type", { ...valid.exchange, actor_token: "none" }, "invalid_request"],
  [
    "an actor that is none",
    { ...valid.exchange, actor_token: "none", actor_token_type: type("jwt") },
    "invalid_request",
  ],
  ["a type that is not issued", { ...valid.exchange, requested_token_type: type("saml2") }, "invalid_request"],
  ["an audience of another grant", { ...valid.identity, audience: "x" }, "invalid_request"],
  [
    "a transaction token for elsewhere",
    { ...valid.exchange, requested_token_type: type("txn_token"), audience: "x", scope: "a" },
    "invalid_target",
  ],
  ["request_details of an access token", { ...valid.exchange, request_details: '{"a":1}' }, "invalid_request"],
  ["an exchange by nobody", { ...valid.exchange, client_secret: "" }, "invalid_client"],
  ["an assertion that is none", valid.bearer, "invalid_grant"],
  ["no assertion", { ...valid.bearer, assertion: "" }, "invalid_request"],
  ["a subject beside an assertion", { ...valid.bearer, subject: "me" }, "invalid_request"],
  ["a refresh token for an assertion", { ...valid.bearer, scope: "offline_access" }, "invalid_scope"],
  ["a lifetime of nothing", { ...valid.identity, access_token_lifetime: "0" }, "invalid_request"],
  ["a lifetime that is too long", { ...valid.identity, access_token_lifetime: "2592001" }, "invalid_request"],
  ["a negative lifetime", { ...valid.identity, access_token_lifetime: "-5" }, "invalid_request"],
  ["a lifetime that is not whole", { ...valid.identity, id_token_lifetime: "1.5" }, "invalid_request"],
];

describe("both doors refuse with the same code and words", () => {
  it.each(refused)("%s", async (_, form, code) => {
    const [one, other] = await Promise.all([gateway.mint(form), rpc.mint(form)]);
    expect(one.error).toMatchObject({ code, description: expect.stringMatching(/\S/) });
    expect(other).toEqual(one);
  });
});

describe("both doors mint the same", () => {
  const granted: [string, Form][] = [
    [
      "all that arbitrary_token takes",
      {
        ...valid.token,
        subject: "s",
        arbitrary_claims: '{"a":[1,"b",true],"aud":["x"]}',
        arbitrary_json: '{"j":{"__proto__":null}}',
        custom_payload: "[]",
      },
    ],
    [
      "__proto__ and the like",
      { ...valid.noSubject, arbitrary_claims: '{"__proto__":"a","constructor":["b"],"toString":1}' },
    ],
    ["all that client_credentials takes", { ...valid.itself, access_token_lifetime: "60", access_token_type: "jwt" }],
    ["a resource", { ...valid.identity, resource: "https://api.example" }],
    ["a confirmation", { ...valid.identity, confirmation: JSON.stringify({ jkt: "x".repeat(43) }) }],
    ["a resource that is empty", { ...valid.identity, resource: "" }],
    ["odd numbers", { ...valid.noSubject, arbitrary_claims: '{"a":-0.5,"b":1e21,"c":9007199254740991}' }],
    ["Unicode", { ...valid.identity, subject: "żółw 🐢", arbitrary_amrs: '["𝕏"]', arbitrary_audiences: '["ß"]' }],
    [
      "parameters that are empty",
      { ...valid.identity, arbitrary_claims: "", access_token_lifetime: "", access_token_type: "" },
    ],
  ];

  it.each(granted)("%s", async (_, form) => {
    const [one, other] = await Promise.all([gateway.mint(form), rpc.mint(form)]);
    const { jti, iat, nbf, exp, auth_time, ...rest } = claimsOf(one.accessToken);
    expect([typeof jti, typeof iat, typeof nbf, typeof exp]).toEqual(["string", "number", "number", "number"]);
    expect(claimsOf(other.accessToken)).toMatchObject(rest);
    expect(Object.keys(claimsOf(other.accessToken))).toEqual(Object.keys(claimsOf(one.accessToken)));
    expect({ ...other, accessToken: "", idToken: "" }).toEqual({ ...one, accessToken: "", idToken: "" });
    expect(auth_time === undefined).toBe(form.grant_type !== "arbitrary_identity");
  });
});

it("both doors give the same transaction tokens", async () => {
  const { accessToken: token = "" } = await gateway.mint({ ...valid.identity, scope: "a b" });
  const form = {
    ...valid.exchange,
    ...{ subject_token: token, requested_token_type: type("txn_token"), audience: "development.example", scope: "a" },
    ...{ request_context: '{"req_ip":"192.0.2.7"}', request_details: '{"order":{"lines":[1,"b",null]}}' },
  };
  const [one, other] = [await gateway.mint(form), await rpc.mint(form)];
  expect(one).toMatchObject({ issuedTokenType: type("txn_token"), tokenType: "N_A", expiresIn: 60, scopes: ["a"] });
  expect({ ...other, accessToken: "" }).toEqual({ ...one, accessToken: "" });
  const { jti, txn, iat, exp, ...claims } = claimsOf(one.accessToken);
  expect(claims).toMatchObject({
    ...{ sub: "someone", scope: "a", req_wl: credentials.client_id, aud: "development.example" },
    ...{ rctx: { req_ip: "192.0.2.7" }, tctx: { order: { lines: [1, "b", null] } } },
  });
  expect(claimsOf(other.accessToken)).toMatchObject(claims);
  const replaced = { ...form, subject_token: other.accessToken ?? "", subject_token_type: type("txn_token") };
  const refusals = [await gateway.mint(replaced), await rpc.mint(replaced)];
  expect(refusals[0]?.error).toMatchObject({ code: "invalid_request" });
  expect(refusals[1]).toEqual(refusals[0]);
  const added = { ...replaced, request_context: "", request_details: '{"more":true}' };
  expect(claimsOf((await rpc.mint(added)).accessToken)).toMatchObject({ txn: claimsOf(other.accessToken).txn });
});

it("both doors exchange the same", async () => {
  const { accessToken: token = "" } = await gateway.mint({ ...valid.identity, scope: "a b" });
  const { accessToken: actor = "" } = await rpc.mint(valid.itself);
  const form = {
    ...valid.exchange,
    ...{ subject_token: token, actor_token: actor, actor_token_type: type("jwt"), audience: "there", scope: "a" },
    ...{ resource: "https://there.example/", requested_token_type: type("jwt"), access_token_lifetime: "60" },
  };
  const [one, other] = [await gateway.mint(form), await rpc.mint(form)];
  expect(one).toMatchObject({ issuedTokenType: type("jwt"), tokenType: "Bearer", expiresIn: 60, scopes: ["a"] });
  expect({ ...other, accessToken: "" }).toEqual({ ...one, accessToken: "" });
  const { jti, iat, nbf, exp, ...claims } = claimsOf(one.accessToken);
  expect(claims).toMatchObject({
    ...{ sub: "someone", act: { sub: credentials.client_id }, scope: ["a"] },
    aud: ["https://there.example/", "there"],
  });
  expect(claimsOf(other.accessToken)).toMatchObject(claims);
  const identity = { ...form, scope: "", access_token_lifetime: "", requested_token_type: type("id_token") };
  expect(await gateway.mint(identity)).toMatchObject({ issuedTokenType: type("id_token"), tokenType: "N_A" });
});

it("neither log has a secret or a token in it", async () => {
  const { accessToken = "none", refreshToken = "none" } = await gateway.mint({
    ...valid.identity,
    scope: "offline_access",
  });
  const log = service.logger.text();
  const written = ["client_secret=", "Basic YXJ", "x".repeat(100), "evil"];
  for (const secret of [accessToken, refreshToken, ...written]) expect(log).not.toContain(secret);
});
