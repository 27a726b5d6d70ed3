import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { type ConfigContext, loadConfig } from "../../src/config/load.ts";
import { grants } from "../../src/grants/index.ts";
import { type Service, startService } from "../../src/server/service.ts";
import { freePort } from "./free-port.ts";
import { searchLater } from "./leaks.ts";
import { type RecordingLogger, recordingLogger } from "./logger.ts";

/** A whole service in this process, on free ports of the loopback, with its data in a folder of its own. */
export interface TestService extends Service {
  readonly config: Config;
  readonly logger: RecordingLogger;
}

/**
 * Starts a service with the development configuration, or the file that `env.MINTMARK_CONFIG` names. `development`: what
 * stands for the built-in one.
 */
export async function startTestService(
  env: Readonly<Record<string, string>> = {},
  development?: ConfigContext["development"],
): Promise<TestService> {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-test-"));
  const logger = recordingLogger();
  const sources: ConfigContext = {
    env: {
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${await freePort()}`,
      MINTMARK_RPC_ADDRESS: "127.0.0.1:0",
      MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
      MINTMARK_STORE: `sqlite:${join(folder, "mintmark.db")}`,
      ...env,
    },
    readFile: (path) => readFileSync(path, "utf8"),
    cwd: folder,
    grantTypes: grants.map((grant) => grant.grantType),
    ...(development && { development }),
  };
  const config = loadConfig(sources);
  const service = await startService(config, sources, logger);
  return {
    ...service,
    config,
    logger,
    close: async () => {
      const metrics = await scrape(service);
      searchLater(() => metrics);
      await service.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The metrics of a service; nothing if it no longer has any. */
async function scrape({ managementPort }: Service): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${managementPort}/metrics`).catch(() => undefined);
  return (await answer?.text()) ?? "";
}
