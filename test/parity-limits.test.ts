import { afterAll, beforeAll, expect, it } from "vitest";
import { DEVELOPMENT_CLIENT, developmentConfig } from "../src/config/development.ts";
import { grants } from "../src/grants/index.ts";
import { type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
let doors: readonly Door[];

beforeAll(async () => {
  const development = developmentConfig(grants.map((grant) => grant.grantType));
  // A day is longer than any test.
  Object.assign(development.tenants.default ?? {}, {
    rateLimits: { failed_authentication_per_client: "2/d", mint_per_client: "2/d" },
  });
  service = await startTestService({}, development);
  rpc = rpcDoor(service.rpcPort);
  doors = [gatewayDoor(service.publicUrl), rpc];
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

const credentials = { client_id: DEVELOPMENT_CLIENT.id, client_secret: DEVELOPMENT_CLIENT.secret };
const mint = { ...credentials, grant_type: "arbitrary_identity", subject: "someone", scope: "a" };

it("a client's mints count for both doors together, and are refused in the same words", async () => {
  for (const door of doors) expect((await door.mint(mint)).error).toBeUndefined();
  for (const door of doors) {
    expect((await door.mint(mint)).error).toEqual({
      code: "temporarily_unavailable",
      description: "Too many mints: mint_per_client allows 2/d. Try again later.",
    });
  }
});

it("failed attempts count for both doors together, and whoever made them is refused in the same words", async () => {
  const wrong = { ...mint, client_secret: "wrong" };
  for (const door of doors) expect((await door.mint(wrong)).error?.code).toBe("invalid_client");
  for (const door of doors) {
    expect((await door.introspect({ ...credentials, token: "any" })).error).toEqual({
      code: "temporarily_unavailable",
      description:
        "Too many failed attempts to authenticate: failed_authentication_per_client allows 2/d. Try again later.",
    });
  }
});
