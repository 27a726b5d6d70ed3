import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";
import { keyText } from "../../../test/support/key-encryption-key.ts";
import type { Options } from "../options.ts";
import { twoTenants } from "./configuration.ts";
import { type ServerProcess, spawnNode, stop, untilReady } from "./process.ts";

const root = join(import.meta.dirname, "../../..");

/** A running mintmark. */
export interface Mintmark extends ServerProcess {
  readonly rpcPort: number;
}

/** A process that was told to become mintmark, and may not be ready. */
interface Launched {
  readonly child: ChildProcess;
  readonly port: number;
  readonly rpcPort: number;
  readonly managementPort: number;
}

/** Starts mintmark on a new SQLite file, or on the store that `--store` names; nothing is left of it once it is stopped. */
export async function startMintmark(options: Options): Promise<Mintmark> {
  const home = new Home(options);
  const service = await home.start();
  return {
    ...service,
    stop: async () => {
      await service.stop();
      home.remove();
    },
  };
}

/** A folder in which mintmark is started as its users do: the bundle, a configuration file, a store, and the default log. */
export class Home {
  readonly #options: Options;
  readonly #folder = mkdtempSync(join(tmpdir(), "mintmark-bench-"));

  constructor(options: Options, configuration: object = twoTenants) {
    this.#options = options;
    writeFileSync(join(this.#folder, "mintmark.json"), JSON.stringify(configuration));
  }

  /** The SQLite file, or undefined for another store. */
  get file(): string | undefined {
    return this.#options.store === undefined ? join(this.#folder, "mintmark.db") : undefined;
  }

  /** Starts mintmark, and waits until it is ready. */
  async start(): Promise<Mintmark> {
    const { child, port, rpcPort, managementPort } = await this.launch();
    await untilReady(child, async () => (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).ok);
    return { pid: child.pid ?? 0, port, rpcPort, stop: () => stop(child) };
  }

  /** Starts mintmark. */
  async launch(): Promise<Launched> {
    const { source, store, workers } = this.#options;
    const [port, rpcPort, managementPort] = [await freePort(), await freePort(), await freePort()];
    const child = spawnNode({
      args: [...this.#profiling(), join(root, source ? "src/main.ts" : "dist/mintmark.cjs")],
      cwd: this.#folder,
      env: {
        MINTMARK_CONFIG: join(this.#folder, "mintmark.json"),
        MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
        MINTMARK_STORE: store ?? `sqlite:${this.file}`,
        MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}`,
        MINTMARK_RPC_ADDRESS: `127.0.0.1:${rpcPort}`,
        MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`,
        ...(workers !== undefined && { MINTMARK_WORKERS: workers }),
      },
    });
    return { child, port, rpcPort, managementPort };
  }

  /** Deletes the folder. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #profiling(): readonly string[] {
    const { profile } = this.#options;
    if (profile === undefined) return [];
    mkdirSync(profile, { recursive: true });
    return ["--cpu-prof", `--cpu-prof-dir=${resolve(profile)}`];
  }
}
