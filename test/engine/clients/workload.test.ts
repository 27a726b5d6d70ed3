import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthorities } from "../../../src/authorities/index.ts";
import { AuthorityUnavailableError } from "../../../src/authorities/port.ts";
import type { JsonValue } from "../../../src/base/json.ts";
import { clientAuthenticationOf } from "../../../src/engine/clients/index.ts";
import type { Caller } from "../../../src/engine/request.ts";
import type { Client, Tenant } from "../../../src/registry/tenant.ts";
import type { Event } from "../../../src/telemetry/events.ts";
import { type AssertionKey, asserted, assertionKey, type Changes } from "../../support/assertions.ts";
import { type FakeClock, fakeClock } from "../../support/clock.ts";
import { type TestContext, testContext } from "../../support/context.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { refusalOf } from "../../support/refusal.ts";
import { testClient, testTenant } from "../../support/tenant.ts";

const REFUSED = {
  code: "invalid_client",
  message: "The client is unknown, or its client_assertion is missing or wrong.",
};
const ISSUER = "https://mint.example";
const CLUSTER = "https://cluster.example";
const SERVICE_ACCOUNT = "system:serviceaccount:billing:invoices";
const SPIFFE_ID = "spiffe://mesh.example/billing/invoices";

let cluster: AssertionKey;
let mesh: AssertionKey;
let other: AssertionKey;
beforeAll(async () => {
  cluster = await assertionKey("RS256", { kid: "c", alg: "RS256", use: "sig" });
  mesh = await assertionKey("ES256", { kid: "m", use: "jwt-svid" });
  other = await assertionKey("ES256", { kid: "m", use: "jwt-svid" });
});

let clock: FakeClock;
let heard: Event[];
let documents: Record<string, JsonValue>;
beforeEach(() => {
  clock = fakeClock();
  heard = [];
  documents = {
    [`${CLUSTER}/.well-known/openid-configuration`]: { issuer: CLUSTER, jwks_uri: `${CLUSTER}/keys` },
    [`${CLUSTER}/keys`]: { keys: [cluster.publicJwk] },
    "https://spire.example/bundle": {
      keys: [{ ...mesh.publicJwk, kid: "x", use: "x509-svid" }, mesh.publicJwk],
      spiffe_sequence: 1,
    },
  };
});

const WORKLOAD = [
  { issuer: "cluster", subject: SERVICE_ACCOUNT },
  { issuer: "mesh", subject: SPIFFE_ID },
];
const ISSUERS: Tenant["workloadIssuers"] = new Map([
  ["cluster", { by: "issuer", name: CLUSTER, keys: { issuer: CLUSTER, allowPrivateNetwork: false } }],
  [
    "mesh",
    {
      by: "trust domain",
      name: "mesh.example",
      keys: { jwksUri: "https://spire.example/bundle", allowPrivateNetwork: false },
    },
  ],
] as const);

function tenantWith(...clients: Client[]): Tenant {
  return testTenant({ workloadIssuers: ISSUERS }, [...clients, testClient({ id: "other" })]);
}

const invoices = (members: Partial<Client> = {}) =>
  testClient({ id: "invoices", secrets: [], workload: WORKLOAD, ...members });

function mintWith(...clients: Client[]): Promise<TestContext> {
  const fetch = async (url: string) => {
    const document = documents[url];
    if (document === undefined) throw new AuthorityUnavailableError("It is away.");
    return document;
  };
  const authorities = createAuthorities({ clock, emit: () => undefined, fetch });
  const tenant = tenantWith(...(clients.length > 0 ? clients : [invoices()]));
  return testContext(tenant, createMemoryStore(), authorities, clock, { heard: (event) => heard.push(event) });
}

const seconds = (after = 0) => Math.floor(clock.now() / 1000) + after;
const mint = ({ engine }: TestContext, caller: Caller) => engine.mint(caller, { grantType: "client_credentials" });
const reasons = () => heard.flatMap((event) => ("because" in event ? [event.because] : []));

async function serviceAccount(changes: Changes = {}, header: Changes = {}, key = cluster): Promise<Caller> {
  const claims = {
    iss: CLUSTER,
    sub: SERVICE_ACCOUNT,
    aud: [ISSUER],
    iat: seconds(),
    nbf: seconds(),
    exp: seconds(3600),
  };
  return asserted(await key.sign({ ...claims, ...changes }, { kid: "c", ...header }));
}

async function svid(changes: Changes = {}, header: Changes = {}, key = mesh): Promise<Caller> {
  const claims = { sub: SPIFFE_ID, aud: [ISSUER], iat: seconds(), exp: seconds(3600) };
  return asserted(await key.sign({ ...claims, ...changes }, { kid: "m", typ: "JWT", ...header }), "jwt-spiffe");
}

describe("a workload's credential", () => {
  it.each([
    ["a service-account token of Kubernetes", serviceAccount, "private_key_jwt"],
    ["a JWT-SVID of SPIFFE", svid, "spiffe_jwt"],
  ])("is %s, which may be used again until it ends", async (_, make, authentication) => {
    const context = await mintWith();
    const caller = await make();
    for (let i = 0; i < 2; i++) {
      const { accessToken } = await mint(context, caller);
      expect(await context.engine.introspect(caller, { token: accessToken })).toMatchObject({
        active: true,
        client_id: "invoices",
      });
    }
    expect(heard.filter((event) => event.event === "minted")).toEqual([
      expect.objectContaining({ client: "invoices", authentication }),
      expect.objectContaining({ client: "invoices", authentication }),
    ]);
    clock.advance(3_660_000);
    expect(await refusalOf(mint(context, caller))).toEqual(REFUSED);
    expect(reasons().at(-1)).toBe("client_assertion: expired");
  });

  it.each<[string, () => Promise<Caller>, string | undefined]>([
    ["the client's id", svid, "invoices"],
    ["the SPIFFE ID", svid, SPIFFE_ID],
    ["the client's id", serviceAccount, "invoices"],
  ])("comes with client_id too, which is %s", async (_, make, clientId) => {
    const context = await mintWith();
    expect(await mint(context, { ...(await make()), clientId })).toMatchObject({ tokenType: "Bearer" });
  });

  it.each<[string, () => Promise<Caller>, string]>([
    ["another client", svid, "other"],
    ["nobody", svid, "nobody"],
    ["another workload", svid, "spiffe://mesh.example/other"],
    ["another client", serviceAccount, "other"],
    ["the service account", serviceAccount, SERVICE_ACCOUNT],
  ])("does not prove to be %s", async (_, make, clientId) => {
    const context = await mintWith();
    expect(await refusalOf(mint(context, { ...(await make()), clientId }))).toEqual(REFUSED);
  });

  it("of several clients needs client_id", async () => {
    const context = await mintWith(invoices(), invoices({ id: "second" }));
    const [caller, token] = [await svid(), await serviceAccount()];
    for (const each of [caller, token]) expect(await refusalOf(mint(context, each))).toEqual(REFUSED);
    for (const clientId of ["invoices", "second"]) {
      expect(await mint(context, { ...caller, clientId })).toBeDefined();
      expect(await mint(context, { ...token, clientId })).toBeDefined();
    }
  });

  it.each<[string, string, () => Promise<Caller>]>([
    ["another subject", "client unknown", () => svid({ sub: `${SPIFFE_ID}/x` })],
    ["a subject that begins alike", "client unknown", () => svid({ sub: "spiffe://mesh.example/billing" })],
    ["a pattern", "not a SPIFFE ID", () => svid({ sub: "spiffe://mesh.example/billing/*" })],
    ["no SPIFFE ID", "not a SPIFFE ID", () => svid({ sub: SERVICE_ACCOUNT })],
    ["no subject", "not a SPIFFE ID", () => svid({ sub: undefined })],
    ["another trust domain", "another issuer", () => svid({ sub: "spiffe://evil.example/billing/invoices" })],
    ["another audience", "another audience", () => svid({ aud: ["https://other.example"] })],
    ["several audiences", "another audience", () => svid({ aud: [ISSUER, "https://other.example"] })],
    ["no end", "no exp", () => svid({ exp: undefined })],
    ["another kind", "another kind of token", () => svid({}, { typ: "wit+jwt" })],
    ["another key", "signature wrong", () => svid({}, {}, other)],
    ["a key for certificates", "key unknown", () => svid({}, { kid: "x" })],
    ["another service account", "client unknown", () => serviceAccount({ sub: "system:serviceaccount:billing:x" })],
    ["another cluster", "client unknown", () => serviceAccount({ iss: "https://evil.example" })],
    ["another audience", "another audience", () => serviceAccount({ aud: ["https://kubernetes.default.svc"] })],
    ["no end", "no exp", () => serviceAccount({ exp: undefined })],
    ["an access token's claims", "another kind of token", () => serviceAccount({ client_id: "web" })],
    ["another cluster's key", "key unknown", () => serviceAccount({}, {}, other)],
    ["the keys of a trust domain", "key unknown", () => serviceAccount({}, { kid: "m" }, mesh)],
  ])("with %s is none (%s)", async (_, flaw, make) => {
    const context = await mintWith();
    expect(await refusalOf(mint(context, await make()))).toEqual(REFUSED);
    expect(reasons()).toEqual([`client_assertion: ${flaw}`]);
  });

  it.each(["iss", "sub", "aud", "exp", "nbf"])(
    "whose %s is anything else is none, but for what it needs not have",
    async (name) => {
      const context = await mintWith();
      for (const value of [null, true, [], {}, [[]], "", "\u0000"]) {
        expect(await refusalOf(mint(context, await serviceAccount({ [name]: value })))).toEqual(REFUSED);
        if (name !== "iss") expect(await refusalOf(mint(context, await svid({ [name]: value })))).toEqual(REFUSED);
      }
    },
  );

  it("with an algorithm that JWT-SVIDs do not have is none", async () => {
    const key = await assertionKey("Ed25519", { kid: "m", use: "jwt-svid" });
    const context = await mintWith();
    expect(await refusalOf(mint(context, await svid({}, {}, key)))).toEqual(REFUSED);
    expect(reasons()).toEqual(["client_assertion: algorithm not accepted"]);
  });

  it("is not taken from one of the two for the other", async () => {
    const context = await mintWith();
    const asServiceAccount = asserted((await svid()).clientAssertion ?? "");
    const asSvid = asserted((await serviceAccount()).clientAssertion ?? "", "jwt-spiffe");
    for (const caller of [asServiceAccount, asSvid]) expect(await refusalOf(mint(context, caller))).toEqual(REFUSED);
  });

  it("does not work once the client is disabled, nor for one that has not named it", async () => {
    const disabled = await mintWith(invoices({ enabled: false }));
    const unnamed = await mintWith(invoices({ workload: [] }));
    for (const make of [svid, serviceAccount]) {
      expect((await refusalOf(mint(disabled, await make()))).code).toBe("invalid_client");
      expect(await refusalOf(mint(unnamed, await make()))).toEqual(REFUSED);
    }
  });

  it("is to be tried again while the keys cannot be fetched", async () => {
    documents = {};
    const context = await mintWith();
    for (const make of [svid, serviceAccount])
      expect((await refusalOf(mint(context, await make()))).code).toBe("temporarily_unavailable");
  });
});

describe("the metadata", () => {
  it.each([
    [[{ issuer: "mesh", subject: SPIFFE_ID }], ["spiffe_jwt"]],
    [[{ issuer: "cluster", subject: SERVICE_ACCOUNT }], ["private_key_jwt"]],
    [[], []],
  ])("has the method of %j", (workload, methods) => {
    const { methods: listed } = clientAuthenticationOf(tenantWith(invoices({ workload })));
    expect(listed).toEqual(["client_secret_basic", "client_secret_post", ...methods]);
  });
});
