import { afterAll, beforeAll, expect, it } from "vitest";
import { DEVELOPMENT_CLIENT } from "../src/config/development.ts";
import { clients, refusalOf, stockClient } from "./rpc/support.ts";
import { basic } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";
import { healthClient } from "./support/standard-clients.ts";

const OVERLOADED = "The server is overloaded. Try again.";
const authorization = basic(DEVELOPMENT_CLIENT.id, DEVELOPMENT_CLIENT.secret);

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
  // As if as many requests as it bears were under way.
  Object.assign(service.config.overload, { maxRequestsInFlight: 0 });
});
afterAll(() => service.close());

it("an overloaded service refuses forms, and says when to try again", async () => {
  for (const path of ["token", "introspect", "revocation"]) {
    const form = { method: "POST", body: new URLSearchParams({ grant_type: "any" }), headers: { authorization } };
    const response = await fetch(`${service.publicUrl}/connect/${path}`, form);
    expect([response.status, response.headers.get("retry-after")], path).toEqual([503, "1"]);
    expect(await response.json()).toEqual({ error: "temporarily_unavailable", error_description: OVERLOADED });
  }
});

it("it refuses RPCs, over gRPC, Connect and gRPC-Web, and says when to try again", async () => {
  const stock = stockClient(`127.0.0.1:${service.rpcPort}`);
  for (const [name, call] of Object.entries(clients({ url: service.publicUrl }, stock))) {
    const refusal = await refusalOf(call("mint", {}, { authorization }));
    expect(refusal, name).toMatchObject({ code: "Unavailable", message: OVERLOADED, retryDelay: 1 });
  }
  stock.close();
});

it("it still answers for its health and its metrics, and publishes its keys", async () => {
  const management = `http://127.0.0.1:${service.managementPort}`;
  const published = ["/.well-known/openid-configuration", "/.well-known/openid-configuration/jwks"];
  const urls = [
    ...["/livez", "/readyz", "/metrics"].map((path) => management + path),
    ...published.map((path) => service.publicUrl + path),
  ];
  for (const url of urls) expect((await fetch(url)).status, url).toBe(200);
  const health = healthClient(`127.0.0.1:${service.rpcPort}`);
  expect(await health.call("Check", { service: "mintmark.v1.TokenService" })).toEqual({ status: "SERVING" });
  health.close();
});
