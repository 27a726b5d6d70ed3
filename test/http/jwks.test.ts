import type { FastifyInstance } from "fastify";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGateway } from "../../src/http/gateway.ts";
import type { SigningAlgorithm } from "../../src/keyring/port.ts";
import { fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { listenerOf } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { CLIENT_ID, SECRET, testTenant } from "../support/tenant.ts";
import { listen, testGateway } from "./support.ts";

const DAY = 86_400_000;
const WELL_KNOWN = "/.well-known/openid-configuration";
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

describe.each<[SigningAlgorithm, object, number]>([
  ["ES512", { kty: "EC", crv: "P-521", x: expect.any(String), y: expect.any(String) }, 132],
  ["Ed25519", { kty: "OKP", crv: "Ed25519", x: expect.any(String) }, 64],
  ["EdDSA", { kty: "OKP", crv: "Ed25519", x: expect.any(String) }, 64],
  ["ML-DSA-44", { kty: "AKP", pub: expect.stringMatching(/^[A-Za-z0-9_-]{1750}$/) }, 2420],
])("a tenant that changes to %s", (algorithm, jwk, bytes) => {
  let context: TestContext;
  let app: FastifyInstance;
  let origin: string;

  const mint = async () => {
    const request = { grantType: "arbitrary_identity", subject: "alice", scopes: ["openid"] };
    const { accessToken, idToken = "" } = await context.engine.mint(credentials, request);
    return { accessToken, idToken };
  };

  beforeEach(async () => {
    const [store, clock] = [createMemoryStore(), fakeClock()];
    await testContext(testTenant(), store, undefined, clock);
    const signing = {
      algorithm,
      rotateEvery: 2_592_000,
      publishAhead: 86_400,
      jwksMaxAge: 3600,
      jwksKeyTypes: "all" as const,
    };
    context = await testContext(testTenant({ signing }), store, undefined, clock);
    app = createGateway({
      engine: context.node.engine,
      listener: listenerOf(context.logger),
      publicUrl: "https://mint.example",
    });
    origin = `http://127.0.0.1:${await listen(app)}`;
  });
  afterEach(() => app.close());

  it("publishes the new key ahead, signs with it in its turn, and each verifier finds both keys", async () => {
    const keys = createRemoteJWKSet(new URL(`${origin}${WELL_KNOWN}/jwks`));
    const verify = (jwt: string) =>
      jwtVerify(jwt, keys, { issuer: "https://mint.example", currentDate: new Date(context.clock.now()) });
    const before = await mint();
    expect((await verify(before.accessToken)).protectedHeader.alg).toBe("ES256");
    const published = (await app.inject(`${WELL_KNOWN}/jwks`)).json().keys;
    expect(published).toEqual([
      expect.objectContaining({ alg: "ES256" }),
      { ...jwk, alg: algorithm, use: "sig", kid: expect.any(String) },
    ]);

    context.clock.advance(DAY);
    await context.node.pollKeys();
    const after = await mint();
    for (const jwt of [after.accessToken, after.idToken]) {
      expect((await verify(jwt)).protectedHeader).toEqual({ alg: algorithm, kid: published[1].kid, typ: "JWT" });
      expect(Buffer.from(jwt.split(".")[2] ?? "", "base64url")).toHaveLength(bytes);
    }
    await verify(before.accessToken);
    expect((await app.inject(WELL_KNOWN)).json().id_token_signing_alg_values_supported).toEqual(["ES256", algorithm]);
    for (const { accessToken } of [before, after])
      expect(await context.engine.introspect(credentials, { token: accessToken })).toMatchObject({ active: true });
    expect(decodeProtectedHeader(before.accessToken).kid).toBe(published[0].kid);
  });
});

describe("a tenant whose JWKS has the classic keys alone", () => {
  it.each(["all", "classic"] as const)("leaves out those that old verifiers cannot read: %s", async (jwksKeyTypes) => {
    const { app, engine } = testGateway();
    const known = engine.forTenant("default");
    if (known === undefined) throw new Error("there is no such tenant");
    const signing = { ...known.tenant.signing, jwksKeyTypes };
    engine.forTenant = () => ({ ...known, tenant: { ...known.tenant, signing } });
    const classic = ["RSA", "EC", "OKP"].map((kty) => ({ kty, kid: kty, alg: "x" }));
    const all = [...classic, { kty: "AKP", kid: "AKP", alg: "ML-DSA-44", pub: "p" }];
    engine.keys = all;
    for (const path of [`${WELL_KNOWN}/jwks`, "/.well-known/jwks.json"])
      expect((await app.inject(path)).json()).toEqual({ keys: jwksKeyTypes === "all" ? all : classic });
    expect((await app.inject(`${WELL_KNOWN}/jwks/all`)).json()).toEqual({ keys: all });
    // What id_tokens are signed with, whoever can read the keys.
    expect((await app.inject(WELL_KNOWN)).json()).toMatchObject({
      id_token_signing_alg_values_supported: ["x", "ML-DSA-44"],
    });
  });
});
