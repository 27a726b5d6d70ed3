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
  const client = development.tenants.default?.clients?.[DEVELOPMENT_CLIENT.id];
  if (client === undefined) throw new Error("the development configuration has another client");
  Object.assign(client, { maxGrants: 2, maxReferenceTokens: 2, maxRevocations: 2 });
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

it.each([
  ["maxGrants", "grants", (door: Door) => door.mint({ ...mint, scope: "offline_access" })],
  ["maxReferenceTokens", "reference tokens", (door: Door) => door.mint({ ...mint, access_token_type: "reference" })],
  [
    "maxRevocations",
    "revocations",
    (door: Door) => door.revoke({ ...credentials, token: door.name, token_type_hint: "subject" }),
  ],
] as const)("%s holds for both doors together, and is refused in the same words", async (quota, what, call) => {
  for (const door of doors) expect((await call(door)).error).toBeUndefined();
  const other = quota === "maxRevocations" ? doors.map((door) => ({ ...door, name: `not ${door.name}` })) : doors;
  for (const door of other) {
    expect((await call(door)).error).toEqual({
      code: "access_denied",
      description: `This client has as many ${what} as it may: 2 (${quota}). Wait until some have ended.`,
    });
  }
});
