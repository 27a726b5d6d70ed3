import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { DEVELOPMENT_CLIENT } from "../src/config/development.ts";
import { startTestService } from "../test/support/service.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** How many mints are watched: a file that only a background job runs is not on the way of all of them. */
const MINTS = 5;

/**
 * The files of `src/`, without their ending, in which at least one function runs during a mint: a form that asks a whole
 * service for `arbitrary_identity` with a refresh token, after one that was minted to warm up. By V8's own count of calls.
 */
export async function filesOnTheWay(): Promise<readonly string[]> {
  const service = await startTestService();
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await mint(service.publicUrl);
    const runs: ReadonlySet<string>[] = [];
    for (let count = 0; count < MINTS; count++) {
      await session.post("Profiler.takePreciseCoverage");
      await mint(service.publicUrl);
      const { result } = await session.post("Profiler.takePreciseCoverage");
      const ran = result.filter(({ functions }) =>
        functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)),
      );
      runs.push(new Set(ran.flatMap(({ url }) => nameOf(url) ?? [])));
    }
    const [first = new Set<string>(), ...others] = runs;
    return [...first].filter((name) => others.every((run) => run.has(name))).sort();
  } finally {
    session.disconnect();
    await service.close();
  }
}

/** A file of `src/` by its URL; undefined for any other. */
function nameOf(url: string): string | undefined {
  const name = url.startsWith("file:") ? relative(src, fileURLToPath(url)) : "..";
  return name.startsWith("..") ? undefined : name.replace(/\.ts$/, "");
}

async function mint(url: string): Promise<void> {
  const { id, secret } = DEVELOPMENT_CLIENT;
  const response = await fetch(`${url}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: "arbitrary_identity", subject: "alice", scope: "offline_access nitro" }),
  });
  if (!response.ok) throw new Error(`The mint was refused: ${await response.text()}`);
}
