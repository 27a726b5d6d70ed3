import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
