import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Door, gatewayDoor } from "./support/doors.ts";
import { keyText } from "./support/key-encryption-key.ts";
import { startTestService, type TestService } from "./support/service.ts";

const PLAIN = { grants: ["arbitrary_no_subject"], allowOfflineAccess: true, scopes: "*" };
const config = {
  publicUrl: "https://mint.example",
  keyPollEvery: "1s",
  operators: { operator: { secrets: ["env:OPERATOR_SECRET"], tenants: "*" } },
  tenants: {
    default: { signing: { algorithm: "ES256" }, clients: { client: { secrets: ["env:CLIENT_SECRET"], ...PLAIN } } },
  },
};

let folder: string;
let nodes: TestService[];
let doors: Door[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-nodes-"));
  writeFileSync(join(folder, "mintmark.yaml"), stringify(config));
  const env = {
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(1),
    MINTMARK_STORE: `sqlite:${join(folder, "mintmark.db")}`,
    OPERATOR_SECRET: "operator's secret",
    CLIENT_SECRET: "the client's secret",
  };
  // Started together on an empty store.
  nodes = await Promise.all([startTestService(env), startTestService(env)]);
  doors = nodes.map(({ httpPort }) => gatewayDoor(`http://127.0.0.1:${httpPort}`));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(folder, { recursive: true });
});

const credentials = { client_id: "client", client_secret: "the client's secret" };
const request = {
  ...credentials,
  grant_type: "arbitrary_no_subject",
  arbitrary_claims: '{"sub":"someone"}',
  scope: "offline_access",
};

const jwksUrl = (node: number) =>
  new URL(`http://127.0.0.1:${nodes[node]?.httpPort}/.well-known/openid-configuration/jwks`);

async function kids(node: number): Promise<string[]> {
  const { keys } = (await (await fetch(jwksUrl(node))).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

async function rotate(node: number, mode: string): Promise<{ keys: { kid: string; state: string }[] }> {
  const response = await fetch(`http://127.0.0.1:${nodes[node]?.httpPort}/mintmark.v1.KeyService/Rotate`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Basic ${btoa("operator:operator's secret")}` },
    body: JSON.stringify({ mode }),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as { keys: { kid: string; state: string }[] };
}

it("two nodes that start together on an empty store have the same key", async () => {
  expect(await kids(0)).toEqual(await kids(1));
  expect(await kids(0)).toHaveLength(1);
});

it("what one mints the other refreshes, introspects and revokes", async () => {
  const first = (await doors[0]?.mint(request)) ?? {};
  const next = (await doors[1]?.refresh({ ...credentials, refresh_token: first.refreshToken ?? "" })) ?? {};
  expect(await doors[0]?.introspect({ ...credentials, token: next.accessToken ?? "" })).toMatchObject({ active: true });
  await doors[1]?.revoke({ ...credentials, token: "someone", token_type_hint: "subject" });
  for (const token of [first.accessToken, next.accessToken, next.refreshToken]) {
    expect(await doors[0]?.introspect({ ...credentials, token: token ?? "" })).toEqual({ active: false, claims: {} });
  }
});

it("a key that one made by RPC the other verifies with at once, and publishes within a poll", async () => {
  const { keys } = await rotate(0, "ROTATION_MODE_COMPROMISED");
  expect(keys.map(({ state }) => state)).toEqual(["KEY_STATE_COMPROMISED", "KEY_STATE_ACTIVE"]);
  const { accessToken = "" } = (await doors[0]?.mint(request)) ?? {};
  expect(decodeProtectedHeader(accessToken).kid).toBe(keys[1]?.kid);
  expect(await doors[1]?.introspect({ ...credentials, token: accessToken })).toMatchObject({ active: true });
  await expect.poll(() => kids(1)).toEqual([keys[1]?.kid]);
  await jwtVerify(accessToken, createRemoteJWKSet(jwksUrl(1)), { issuer: "https://mint.example" });
});
