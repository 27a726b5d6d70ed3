import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import { freePort } from "../support/free-port.ts";

/** How a service is run; the development service, in an empty folder, unless told otherwise. */
interface Run {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The user and the group that it runs as; this process's own unless given. */
  readonly user?: number;
  /** The client that asks for a token, and its secret. */
  readonly client?: string;
  /** What is done while it runs, at the URLs of the gateway and of the management port. */
  readonly whileItRuns?: (url: string, management: string) => Promise<void>;
}

/** What a service did that was started, asked for a token, and told to stop. */
interface Served {
  /** Of the token, which its own keys verify. */
  readonly claims: JWTPayload;
  readonly code: number | null;
}

/** Starts a service by a command, on free ports of the loopback, mints a token for alice, and stops it. */
export async function serveOnce(command: string, args: readonly string[], run: Run = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-serve-"));
  const [httpPort, rpcPort, managementPort] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(command, [...args], {
    cwd: run.cwd ?? folder,
    // A group of its own: what `npx` starts outlives an `npx` that is told to stop.
    detached: true,
    ...(run.user === undefined ? {} : { uid: run.user, gid: run.user }),
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      ...run.env,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${httpPort}`,
      MINTMARK_RPC_ADDRESS: `127.0.0.1:${rpcPort}`,
      MINTMARK_MANAGEMENT_ADDRESS: `127.0.0.1:${managementPort}`,
    },
  });
  try {
    let output = "";
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('"msg":"mintmark is ready"')) resolve();
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${output}`)));
    });
    const url = `http://127.0.0.1:${httpPort}`;
    const claims = await mint(url, run.client ?? "arbitrary-resource-owner-client:secret");
    await run.whileItRuns?.(url, `http://127.0.0.1:${managementPort}`);
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    return { claims, code: (await exit)[0] };
  } finally {
    endGroup(child.pid);
    rmSync(folder, { recursive: true });
  }
}

/** Ends what is left of a group of processes, if anything is. */
function endGroup(id: number | undefined): void {
  try {
    if (id !== undefined) process.kill(-id, "SIGKILL");
  } catch {
    // Nothing is.
  }
}

async function mint(url: string, client: string): Promise<JWTPayload> {
  const answer = await fetch(`${url}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(client)}` },
    body: new URLSearchParams({ grant_type: "arbitrary_resource_owner", subject: "alice", arbitrary_claims: "{}" }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/openid-configuration/jwks`));
  return (await jwtVerify(token, jwks)).payload;
}
