import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type Door, gatewayDoor, rpcDoor } from "../support/doors.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { writeConfig } from "./config.ts";
import { herdClients, proveConvergence, proveOneWinner } from "./herd.ts";

let folder: string;
let service: TestService;
let doors: readonly [Door, Door & { close(): void }];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-herd-"));
  service = await startTestService(writeConfig(folder, herdClients));
  doors = [gatewayDoor(`http://127.0.0.1:${service.httpPort}`), rpcDoor(service.rpcPort)];
});
afterAll(async () => {
  doors[1].close();
  await service.close();
  rmSync(folder, { recursive: true });
});

describe.each(["jwt", "reference"])("64 refreshes of one token at once (%s)", (type) => {
  it("with a grace all get the same next one, and each an access token of its own that is good", () =>
    proveConvergence(doors, type));

  it("without a grace at most one wins; the others are reuse, so that the grant is dead", () =>
    proveOneWinner(doors, type));
});
