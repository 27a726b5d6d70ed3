import { hash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";
import { keyText } from "../../../test/support/key-encryption-key.ts";
import type { Options } from "../options.ts";
import { CREDENTIALS } from "./credentials.ts";
import { type ServerProcess, spawnNode, stop, untilReady } from "./process.ts";

/** The path of the tenant that signs with ES256; that at the root signs with RS256. */
export const ES256 = "/es256";

const root = join(import.meta.dirname, "../../..");

/** A running mintmark, on a new SQLite file or on the store that `--store` names. */
export interface Mintmark extends ServerProcess {
  readonly rpcPort: number;
}

/** Starts mintmark as its users do: the bundle, a configuration file, a store, and the default log. */
export async function startMintmark(options: Options): Promise<Mintmark> {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-bench-"));
  const [port, rpcPort, managementPort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(configuration()));
  const child = spawnNode({
    args: [...profiling(options), join(root, options.source ? "src/main.ts" : "dist/mintmark.cjs")],
    cwd: folder,
    env: {
      MINTMARK_CONFIG: join(folder, "mintmark.json"),
      MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
      MINTMARK_STORE: options.store ?? `sqlite:${join(folder, "mintmark.db")}`,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}`,
      MINTMARK_RPC_ADDRESS: `127.0.0.1:${rpcPort}`,
      MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`,
      ...(options.workers !== undefined && { MINTMARK_WORKERS: options.workers }),
    },
  });
  await untilReady(child, async () => (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).ok);
  return {
    pid: child.pid ?? 0,
    port,
    rpcPort,
    stop: async () => {
      await stop(child);
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration(): object {
  const client = {
    secrets: [`sha256:${hash("sha256", CREDENTIALS.client_secret, "base64url")}`],
    grants: ["arbitrary_resource_owner"],
    allowOfflineAccess: true,
    scopes: "*",
  };
  const tenant = (algorithm: string) => ({ signing: { algorithm }, clients: { [CREDENTIALS.client_id]: client } });
  return { publicUrl: "https://mint.example", tenants: { default: tenant("RS256"), es256: tenant("ES256") } };
}

function profiling({ profile }: Options): readonly string[] {
  if (profile === undefined) return [];
  mkdirSync(profile, { recursive: true });
  return ["--cpu-prof", `--cpu-prof-dir=${resolve(profile)}`];
}
