import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { healthService } from "../../src/rpc/health.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { commandLine } from "../support/command-line.ts";
import { freePort } from "../support/free-port.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { startTestService, type TestService } from "../support/service.ts";

const pem = (name: string) => join(import.meta.dirname, "../support/tls", name);

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = await makeFolder();
  const config = { tls: { certificate: pem("cert.pem"), key: pem("key.pem") }, tenants: { default: {} } };
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify(config));
  service = await startTestService({
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
  });
});
afterAll(async () => {
  await service.close();
  await removeFolder(folder);
});

/** A service that is never ready. */
async function serveUnready(): Promise<Server> {
  const readiness = { isReady: async () => false, onChange: () => () => undefined };
  const server = createServer(
    connectNodeAdapter({ routes: (router) => void router.service(Health, healthService(readiness, [])) }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const check = (address: string) => commandLine(["healthcheck"], { env: { MINTMARK_ADDRESS: address } });

it("ends with 0 if the service is ready, without credentials and whatever name is in the certificate", async () => {
  expect(await check(`https://127.0.0.1:${service.httpPort}`)).toEqual({
    code: 0,
    stdout: "The service is ready.\n",
    stderr: "",
  });
});

it("ends with 3 if the service is not ready", async () => {
  const server = await serveUnready();
  expect(await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).toEqual({
    code: 3,
    stdout: "",
    stderr: "mintmark: The service is not ready. See its log for the reason.\n",
  });
  server.close();
});

it("ends with 3 if nothing answers", async () => {
  const { code, stderr } = await check(`http://127.0.0.1:${await freePort()}`);
  expect([code, stderr]).toEqual([3, expect.stringContaining("does not respond (ECONNREFUSED)")]);
});
