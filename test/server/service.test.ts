import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { grants } from "../../src/grants/index.ts";
import { startService } from "../../src/server/service.ts";
import { gatewayDoor } from "../support/doors.ts";
import { freePort } from "../support/free-port.ts";
import { recordingLogger } from "../support/logger.ts";

it("with a store in memory leaves nothing in its folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-service-"));
  const sources = {
    env: {
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${await freePort()}`,
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
      MINTMARK_STORE: "sqlite::memory:",
    },
    readFile: () => "",
    cwd: folder,
    grantTypes: grants.map((grant) => grant.grantType),
  };
  const config = loadConfig(sources);
  expect(config.dataDirectory).toBeUndefined();
  const service = await startService(config, sources, recordingLogger());
  const { accessToken } = await gatewayDoor(service.publicUrl).mint({
    client_id: "arbitrary-resource-owner-client",
    client_secret: "secret",
    grant_type: "arbitrary_no_subject",
    arbitrary_claims: "{}",
  });
  expect(accessToken).toBeDefined();
  await service.close();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
