import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import { freePort } from "../support/free-port.ts";

/** What a service did that was started, asked for a token, and told to stop. */
interface Served {
  /** Of the token, which its own keys verify. */
  readonly claims: JWTPayload;
  readonly code: number | null;
}

/** Starts the development service by a command in an empty folder, mints a token for alice, and stops it. */
export async function serveOnce(command: string, args: readonly string[]): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-serve-"));
  const [httpPort, rpcPort] = [await freePort(), await freePort()];
  const child = spawn(command, [...args], {
    cwd: folder,
    // A group of its own: what `npx` starts outlives an `npx` that is told to stop.
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      MINTMARK_HTTP_ADDRESS: `127.0.0.1:${httpPort}`,
      MINTMARK_RPC_ADDRESS: `127.0.0.1:${rpcPort}`,
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
    const claims = await mint(`http://127.0.0.1:${httpPort}`);
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

async function mint(url: string): Promise<JWTPayload> {
  const answer = await fetch(`${url}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("arbitrary-resource-owner-client:secret")}` },
    body: new URLSearchParams({ grant_type: "arbitrary_resource_owner", subject: "alice", arbitrary_claims: "{}" }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/openid-configuration/jwks`));
  return (await jwtVerify(token, jwks)).payload;
}
