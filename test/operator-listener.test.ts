import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentConfig } from "../src/config/development.ts";
import { grants } from "../src/grants/index.ts";
import { stockClient } from "./rpc/support.ts";
import { startTestService, type TestService } from "./support/service.ts";

const LIST_KEYS = "/mintmark.v1.KeyService/ListKeys";
const MINT = "/mintmark.v1.TokenService/Mint";

let service: TestService;
let operators: string;

beforeAll(async () => {
  service = await startTestService({ MINTMARK_OPERATOR_ADDRESS: "127.0.0.1:0" });
  operators = `http://127.0.0.1:${service.operatorPort}`;
});
afterAll(() => service.close());

const call = (url: string, authorization = `Basic ${btoa("operator:secret")}`) =>
  fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json", authorization } });

describe("operators' own listener", () => {
  it("has their RPCs and nothing else", async () => {
    const listed = await call(operators + LIST_KEYS);
    expect(listed.status).toBe(200);
    expect(await listed.json()).toHaveProperty("keys");
    for (const path of [MINT, "/connect/token", "/.well-known/openid-configuration"])
      expect((await call(operators + path)).status, path).toBe(404);
  });

  it("refuses who is no operator", async () => {
    const refused = await call(operators + LIST_KEYS, "Basic bm9ib2R5Og==");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe('Basic realm="mintmark", charset="UTF-8"');
  });

  it("takes them off the public ports", async () => {
    expect((await call(service.publicUrl + LIST_KEYS)).status).toBe(404);
    expect((await call(service.publicUrl + MINT)).status).not.toBe(404);
    const client = stockClient(`127.0.0.1:${service.rpcPort}`, "KeyService");
    await expect(client.call("ListKeys", {})).rejects.toMatchObject({ code: 12 });
    client.close();
  });
});

it("speaks TLS if that is configured, and nothing else then", async () => {
  const pem = (name: string) => fileURLToPath(import.meta.resolve(`./support/tls/${name}.pem`));
  const tls = { certificate: pem("cert"), key: pem("key") };
  const development = developmentConfig(grants.map((grant) => grant.grantType));
  const secure = await startTestService({ MINTMARK_OPERATOR_ADDRESS: "127.0.0.1:0" }, { ...development, tls });
  const asked = request(`https://127.0.0.1:${secure.operatorPort}${LIST_KEYS}`, {
    method: "POST",
    auth: "operator:secret",
    headers: { "content-type": "application/json" },
    ca: readFileSync(tls.certificate),
    checkServerIdentity: () => undefined,
  });
  asked.end("{}");
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  answer.destroy();
  await expect(call(`http://127.0.0.1:${secure.operatorPort}${LIST_KEYS}`)).rejects.toThrow("fetch failed");
  await secure.close();
});
