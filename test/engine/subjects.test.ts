import { describe, expect, it } from "vitest";
import type { MintRequest } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import { noAuthorities, testContext } from "../support/context.ts";
import { claimsOf } from "../support/decode.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { refusalOf } from "../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

const caller = { clientId: CLIENT_ID, clientSecret: SECRET };
const job = { clientId: "job", clientSecret: SECRET };
const reason = "must not be the id of a client that gets tokens for itself.";

/** A tenant whose client `job` gets tokens for itself, with another client that mints for subjects. */
function world(members: Partial<Client> = {}, grants = ["client_credentials"], store = createMemoryStore()) {
  const others = ["job", "batch"].map((id) => testClient({ id, grants: new Set(grants) }));
  return testContext(testTenant({}, [testClient(members), ...others]), store);
}

const owner: MintRequest = { grantType: "arbitrary_resource_owner", arbitraryClaims: {} };

describe("the id of a client that gets tokens for itself", () => {
  it.each<[string, MintRequest]>([
    ["subject", { ...owner, subject: "job" }],
    ["subject", { grantType: "arbitrary_identity", subject: "job", scopes: ["a"] }],
    ["subject", { grantType: "arbitrary_token", subject: "job", issuer: "https://mint.example" }],
    ["The arbitrary claim: 'sub'", { grantType: "arbitrary_no_subject", arbitraryClaims: { sub: "job" } }],
    ["subject", { ...owner, subject: CLIENT_ID }],
  ])("is no subject that a caller may choose: %s of %j", async (source, request) => {
    const { engine } = await world();
    expect(await refusalOf(engine.mint(caller, request))).toEqual({
      code: "invalid_request",
      message: `${source} ${reason}`,
    });
  });

  it("is none that a client's token gives to another", async () => {
    const { engine } = await world();
    const { accessToken } = await engine.mint(job, { grantType: "client_credentials" });
    expect(await refusalOf(engine.mint(caller, { ...owner, accessToken }))).toEqual({
      code: "invalid_request",
      message: `The subject of access_token ${reason}`,
    });
  });

  it("is none that another provider gives", async () => {
    const authority = { issuer: "https://idp.example", audiences: ["us"], subjectPrefix: "", amr: [] };
    const clients = [testClient(), testClient({ id: "job" })];
    const tenant = testTenant({ authorities: new Map([["idp", authority]]) }, clients);
    const authorities = { ...noAuthorities, verify: async () => ({ sub: "job" }) };
    const { engine } = await testContext(tenant, createMemoryStore(), authorities);
    const login = {
      grantType: "arbitrary_oidc_resource_owner",
      authority: "idp",
      idToken: "good",
      arbitraryClaims: {},
    };
    expect(await refusalOf(engine.mint(caller, login))).toEqual({
      code: "invalid_request",
      message: `The subject of id_token ${reason}`,
    });
  });

  it("is one for a client whose allowedSubjects has it word for word, but not by a glob", async () => {
    const { engine } = await world({ allowedSubjects: ["job", "*"] });
    expect(claimsOf((await engine.mint(caller, { ...owner, subject: "job" })).accessToken)).toMatchObject({
      sub: "job",
      client_id: CLIENT_ID,
    });
    expect(await refusalOf(engine.mint(caller, { ...owner, subject: "batch" }))).toMatchObject({
      message: `subject ${reason}`,
    });
  });

  it("is none if that client exchanges tokens, in which it acts under its id", async () => {
    const { engine } = await world({}, ["urn:ietf:params:oauth:grant-type:token-exchange"]);
    expect(await refusalOf(engine.mint(caller, { ...owner, subject: "job" }))).toEqual({
      code: "invalid_request",
      message: `subject ${reason}`,
    });
  });

  it("is one if that client may only use other grants, as before", async () => {
    const { engine } = await world({}, ["arbitrary_identity"]);
    expect(claimsOf((await engine.mint(caller, { ...owner, subject: "job" })).accessToken)).toMatchObject({
      sub: "job",
    });
  });

  it("ends at the next refresh of a grant from before", async () => {
    const store = createMemoryStore();
    const before = await world({}, [], store);
    const { refreshToken } = await before.engine.mint(caller, { ...owner, subject: "job", scopes: ["offline_access"] });
    const { engine } = await world({}, ["client_credentials"], store);
    expect(await refusalOf(engine.refresh(caller, { refreshToken }))).toEqual({
      code: "invalid_grant",
      message: `The subject ${reason}`,
    });
  });
});

describe("a revocation of all that a client got for itself", () => {
  const ofJob = { token: "job", tokenTypeHint: "subject" };

  it("is for the client alone", async () => {
    const { engine } = await world();
    const { accessToken: token } = await engine.mint(job, { grantType: "client_credentials" });
    await engine.revoke(caller, ofJob);
    expect(await engine.introspect(job, { token })).toMatchObject({ active: true });
    await engine.revoke(job, ofJob);
    expect(await engine.introspect(job, { token })).toEqual({ active: false });
  });

  it("leaves others what they had of a subject with that name, and the means to end it", async () => {
    const store = createMemoryStore();
    const before = await world({}, [], store);
    const { accessToken: token } = await before.engine.mint(caller, { ...owner, subject: "job" });
    const { engine } = await world({}, ["client_credentials"], store);
    await engine.revoke(job, ofJob);
    expect(await engine.introspect(caller, { token })).toMatchObject({ active: true });
    await engine.revoke(caller, ofJob);
    expect(await engine.introspect(caller, { token })).toEqual({ active: false });
  });

  it("follows its token, though its allowedSubjects does not name it", async () => {
    const itself = testClient({ id: "job", allowedSubjects: [] });
    const { engine } = await testContext(testTenant({}, [itself]));
    const [one, other] = await Promise.all([1, 2].map(() => engine.mint(job, { grantType: "client_credentials" })));
    await engine.revoke(job, { token: one?.accessToken, revokeAllSubjects: true });
    expect(await engine.introspect(job, { token: other?.accessToken })).toEqual({ active: false });
  });
});
