import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refusalOf } from "../rpc/support.ts";
import { basic } from "../support/doors.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { healthClient, reflectingClient } from "../support/standard-clients.ts";

let service: TestService;
let isClosed = false;
const close = async () => {
  if (!isClosed) await service.close();
  isClosed = true;
};

beforeEach(async () => {
  service = await startTestService();
  isClosed = false;
});
afterEach(close);

const address = () => `127.0.0.1:${service.rpcPort}`;

describe.each(["v1", "v1alpha"] as const)("with reflection %s", (version) => {
  test("a client without any file mints a token", async () => {
    const client = reflectingClient(address(), version);
    expect(await client.list()).toEqual([
      "mintmark.v1.TokenService",
      "mintmark.v1.KeyService",
      "mintmark.v1.GrantService",
      "mintmark.v1.RegistryService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    const tokens = await client.use("mintmark.v1.TokenService");
    const request = {
      grant_type: "arbitrary_no_subject",
      // A map is a list of entries to a client that was told of it by its descriptor.
      arbitrary_claims: { fields: [{ key: "role", value: { string_value: "admin" } }] },
    };
    const minted = await tokens.call("Mint", request, basic("arbitrary-resource-owner-client", "secret"));
    expect(minted).toMatchObject({ token_type: "Bearer", access_token: expect.stringMatching(/^eyJ/) });
    const health = await client.use("grpc.health.v1.Health");
    expect(await health.call("Check", { service: "mintmark.v1.TokenService" })).toEqual({ status: "SERVING" });
    for (const { close } of [tokens, health, client]) close();
  });
});

test("whoever watches is told that the service stops before its doors close", async () => {
  const client = healthClient(address());
  const { next } = client.watch("");
  expect(await next()).toBe("SERVING");
  const closing = close();
  expect(await next()).toBe("NOT_SERVING");
  expect((await refusalOf(next())).code).toBe("Unavailable");
  await closing;
  client.close();
});

test("operators' own listener has its own services' health, and the other ports not theirs", async () => {
  await close();
  service = await startTestService({ MINTMARK_OPERATOR_ADDRESS: "127.0.0.1:0" });
  isClosed = false;
  const client = healthClient(address());
  const check = { service: "mintmark.v1.KeyService" };
  expect((await refusalOf(client.call("Check", check))).code).toBe("NotFound");
  const response = await fetch(`http://127.0.0.1:${service.operatorPort}/grpc.health.v1.Health/Check`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(check),
  });
  expect(await response.json()).toEqual({ status: "SERVING" });
  client.close();
});
