import { afterAll, beforeAll, describe, it } from "vitest";
import { checkAnswer } from "./golden/check.ts";
import { goldens } from "./golden/golden.ts";
import { type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { type OidcService, startOidcService } from "./support/oidc-service.ts";

let service: OidcService;
let rpc: ReturnType<typeof rpcDoor>;
const doors: { gateway?: Door; rpc?: Door } = {};

beforeAll(async () => {
  service = await startOidcService();
  rpc = rpcDoor(service.rpcPort);
  doors.gateway = gatewayDoor(service.publicUrl);
  doors.rpc = rpc;
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

const withIdToken = goldens.filter(({ idToken }) => idToken !== undefined);

describe.each(["gateway", "rpc"] as const)("the seeds that show an id_token, through the %s", (name) => {
  it.each(withIdToken)("$name", async (golden) => {
    const request = { ...golden.request, id_token: await service.idToken() };
    await checkAnswer(golden, (await doors[name]?.mint(request)) ?? {}, service.publicUrl);
  });
});
