/**
 * Runs other people's OAuth2 clients and resource servers, and the verifiers of docs/verifying.md, against mintmark:
 * `npm run interop`, or `npm run interop -- --only NAME`. Prints a line for each, and exits with 1 if one failed. One whose
 * toolchain is not here, or whose packages no registry gives, is skipped.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Client, fetchPackages, type Outcome, prove } from "./client.ts";
import { clients } from "./clients.ts";
import { startSurroundings } from "./surroundings.ts";

/** What has not begun by then is skipped, in milliseconds. */
const LIMIT = 300_000;
const LATE: Outcome = { result: "skipped", words: `${LIMIT / 60_000} minutes were over` };

const { values } = parseArgs({ options: { only: { type: "string" } } });
const chosen = clients.filter(({ name, isSlow }) => (values.only === undefined ? !isSlow : name === values.only));
if (chosen.length === 0) throw new Error(`--only must be one of ${clients.map(({ name }) => name).join(", ")}`);

const folder = mkdtempSync(join(tmpdir(), "mintmark-interop-"));
const counts = { ok: 0, failed: 0, skipped: 0 } satisfies Record<Outcome["result"], number>;
try {
  await runAll();
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${counts.ok} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function runAll(): Promise<void> {
  const deadline = performance.now() + LIMIT;
  const { told, verifiedIssuer, close } = await startSurroundings(folder);
  try {
    // Registries are waited for side by side; compilers have the processors one after the other.
    const fetched = chosen.map((client) => fetchPackages(client, folderOf(client)));
    for (const [index, client] of chosen.entries()) {
      const obstacle = (await fetched[index]) ?? (performance.now() < deadline ? undefined : LATE);
      client.lay?.(folderOf(client), verifiedIssuer);
      tell(client, obstacle ?? (await prove(client, folderOf(client), told)));
    }
  } finally {
    await close();
  }
}

function folderOf({ name }: Client): string {
  const own = join(folder, "clients", name);
  mkdirSync(own, { recursive: true });
  return own;
}

function tell({ name }: Client, { result, words, details }: Outcome): void {
  counts[result] += 1;
  console.log(`${name}: ${result}${result === "ok" ? ` (${words})` : `: ${words}`}`);
  if (result === "failed") console.error(details);
}
