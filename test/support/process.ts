import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { searchLater } from "./leaks.ts";

const root = join(import.meta.dirname, "../..");

/** The real service in a process of its own. */
export interface ServiceProcess {
  readonly publicUrl: string;
  readonly rpcPort: number;
  /** All that it has printed so far. */
  output(): string;
  /** Sends SIGTERM and resolves to the exit code. */
  stop(): Promise<number | null>;
  readonly child: ChildProcess;
}

/** The environment of a process under test. The cache halves what its start costs. */
export const processEnv = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: join(tmpdir(), "mintmark-compiled"),
  // A test that is not about workers needs none.
  MINTMARK_WORKERS: "1",
};

/** Starts `node src/main.ts` in a folder, on free ports of the loopback, and waits until it is ready. */
export async function startProcess(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const [httpPort, rpcPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [join(root, "src/main.ts")], {
    cwd: folder,
    env: {
      ...processEnv,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${httpPort}`,
      MINTMARK_RPC_ADDRESS: `127.0.0.1:${rpcPort}`,
      MINTMARK_MANAGEMENT_ADDRESS: "127.0.0.1:0",
      ...env,
    },
  });
  let output = "";
  searchLater(() => output);
  const ready = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('"msg":"mintmark is ready"')) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}: ${output}`)));
  });
  await ready;
  return {
    publicUrl: env.MINTMARK_PUBLIC_URL ?? `http://127.0.0.1:${httpPort}`,
    rpcPort,
    output: () => output,
    stop: async () => {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      return (await exit)[0];
    },
    child,
  };
}
