import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caller, mintForm, operator, writeConfig } from "../proofs/config.ts";
import { crash } from "../proofs/crash.ts";
import { herdClients, proveConvergence, proveOneWinner } from "../proofs/herd.ts";
import { basic, type Door, gatewayDoor, rpcDoor } from "../support/doors.ts";
import { makeDatabase, type TestDatabase, withMongo } from "../support/mongodb.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";

/** How often what depends on the moment is tried: `SOAK=1` tries for longer than a test may take. */
const ROUNDS = process.env.SOAK === "1" ? 200 : 1;
const PATIENCE = 120_000 + ROUNDS * 5_000;

const TENANTS = ["default", "second"];

withMongo("two nodes, two processes, one database", (uri) => {
  let folder: string;
  let database: TestDatabase;
  let nodes: readonly ServiceProcess[];
  let gateways: readonly [Door, Door];
  let rpcs: readonly (Door & { close(): void })[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-nodes-"));
    database = makeDatabase(uri);
    const env = { ...writeConfig(folder, herdClients, TENANTS), MINTMARK_STORE: database.url };
    // Started together on an empty database.
    const [one, other] = await Promise.all([startProcess(folder, env), startProcess(folder, env)]);
    nodes = [one, other];
    gateways = [gatewayDoor(one.publicUrl), gatewayDoor(other.publicUrl)];
    rpcs = nodes.map(({ rpcPort }) => rpcDoor(rpcPort));
  });
  afterAll(async () => {
    for (const rpc of rpcs) rpc.close();
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0]);
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const jwksUrl = (node: number, tenant = "default") =>
    new URL(
      `${nodes[node]?.publicUrl}${tenant === "default" ? "" : `/${tenant}`}/.well-known/openid-configuration/jwks`,
    );

  async function kids(node: number, tenant?: string): Promise<readonly string[]> {
    const { keys } = (await (await fetch(jwksUrl(node, tenant))).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  }

  it("that start together on an empty database end with one key of each kind for each tenant", async () => {
    const rows = await database.client.db(database.name).collection("keys").find().toArray();
    const expected = TENANTS.flatMap((tenant) => ["refresh/1", "signing/1"].map((key) => `${tenant}/${key}`));
    expect(rows.map(({ _id }) => String(_id)).toSorted()).toEqual(expected);
    for (const tenant of TENANTS) {
      expect(await kids(0, tenant)).toHaveLength(1);
      expect(await kids(0, tenant)).toEqual(await kids(1, tenant));
    }
  });

  describe.each(["jwt", "reference"])("given 64 refreshes of one token at once (%s)", (type) => {
    it("with a grace all tell the same next one", { timeout: PATIENCE }, async () => {
      for (let round = 0; round < ROUNDS; round++) await proveConvergence([...gateways, ...rpcs], type);
    });

    it("without a grace let at most one win", { timeout: PATIENCE }, async () => {
      for (let round = 0; round < ROUNDS; round++) await proveOneWinner([...gateways, ...rpcs], type);
    });
  });

  describe.each([
    ["an access token", ({ accessToken = "" }) => ({ token: accessToken })],
    ["a refresh token", ({ refreshToken = "" }) => ({ token: refreshToken })],
    ["a subject", () => ({ token: "someone", token_type_hint: "subject" })],
    ["a subject everywhere", ({ accessToken = "" }) => ({ token: accessToken, revoke_all_subjects: "true" })],
  ] as const)("of which one revokes %s", (_, what) => {
    it.each(["jwt", "reference"])("end it at once on the other (%s)", { timeout: PATIENCE }, async (type) => {
      for (let round = 0; round < 2 * ROUNDS; round++) {
        const [here, there] = round % 2 === 0 ? gateways : [gateways[1], gateways[0]];
        const tokens = await there.mint(mintForm("lenient", type));
        const { refreshToken, accessToken } = await here.refresh({
          ...caller("lenient"),
          refresh_token: tokens.refreshToken ?? "",
        });
        const held = [tokens.accessToken, accessToken, refreshToken];
        const look = () => Promise.all(held.map((token = "") => there.introspect({ ...caller("lenient"), token })));
        expect((await look()).map(({ active }) => active)).toEqual([true, true, true]);
        expect(
          await here.revoke({ ...caller("lenient"), ...what({ ...tokens, refreshToken: refreshToken ?? "" }) }),
        ).toEqual({});
        expect(await look()).toEqual(held.map(() => ({ active: false, claims: {} })));
        const refused = await there.refresh({ ...caller("lenient"), refresh_token: refreshToken ?? "" });
        expect(refused.error?.code).toBe("invalid_grant");
        const later = await there.mint(mintForm("lenient", type));
        expect(await here.introspect({ ...caller("lenient"), token: later.accessToken ?? "" })).toMatchObject({
          active: true,
        });
      }
    });
  });

  it("of which one rotates: the other verifies with the new key at once, and publishes it within a poll", async () => {
    const { keys } = await rotate(0);
    const { accessToken = "" } = await gateways[0].mint(mintForm("lenient", "jwt"));
    expect(decodeProtectedHeader(accessToken).kid).toBe(keys.at(-1)?.kid);
    expect(await gateways[1].introspect({ ...caller("lenient"), token: accessToken })).toMatchObject({ active: true });
    await expect.poll(() => kids(1)).toEqual([keys.at(-1)?.kid]);
    await jwtVerify(accessToken, createRemoteJWKSet(jwksUrl(1)), { issuer: "https://mint.example" });
  });

  async function rotate(node: number): Promise<{ keys: { kid: string }[] }> {
    const response = await fetch(`${nodes[node]?.publicUrl}/mintmark.v1.KeyService/Rotate`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: basic(operator.id, operator.secret) },
      body: JSON.stringify({ mode: "ROTATION_MODE_COMPROMISED" }),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as { keys: { kid: string }[] };
  }
});

withMongo("a node that is killed under load", (uri) => {
  it("has lost nothing that a client was told, as the other says and itself", {
    timeout: 300_000 + PATIENCE,
  }, async () => {
    const database = makeDatabase(uri);
    const { refreshTokens, inFlight } = await crash(Math.ceil(ROUNDS / 2), String(Math.random()), database.url);
    expect(refreshTokens).toBeGreaterThan(30);
    expect(inFlight).toBeGreaterThan(0);
    await database.drop();
  });
});
