/**
 * Runs other people's OAuth2 clients and resource servers, and the verifiers of docs/verifying.md, against mintmark: `npm run interop`, or
 * `npm run interop -- --only NAME`. Prints a line for each, and exits with 1 if one failed. One whose toolchain is not
 * here, or whose packages no registry gives, is skipped.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/free-port.ts";
import { startProcess } from "../test/support/process.ts";
import { type Client, fetchPackages, type Outcome, prove } from "./client.ts";
import { clients } from "./clients.ts";
import { interopConfig, SECRET_VARIABLE } from "./config.ts";
import { startIssuer } from "./forgeries.ts";
import { casesText } from "./verifiers.ts";

/** What has not begun by then is skipped, in milliseconds. */
const LIMIT = 300_000;
const LATE: Outcome = { result: "skipped", words: `${LIMIT / 60_000} minutes were over` };

const { values } = parseArgs({ options: { only: { type: "string" } } });
const chosen = clients.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`--only must be one of ${clients.map(({ name }) => name).join(", ")}`);

const folder = mkdtempSync(join(tmpdir(), "mintmark-interop-"));
const secret = randomBytes(32).toString("hex");
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
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = { kid: "2026", alg: "ES256" };
  const jwk = publicKey.export({ format: "jwk" }) as Record<string, string>;
  const bundleAddress = `127.0.0.1:${await freePort()}`;
  const config = interopConfig({ ...jwk, ...named }, `http://${bundleAddress}/`);
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
  const service = await startProcess(folder, {
    MINTMARK_CONFIG: "mintmark.json",
    MINTMARK_KEY_ENCRYPTION_KEY: randomBytes(32).toString("base64url"),
    [SECRET_VARIABLE]: secret,
  });
  // Forgeries need a key of the issuer.
  const issuer = await startIssuer();
  const cases = join(folder, "cases");
  writeFileSync(cases, casesText(issuer.cases));
  const told = {
    INTEROP_ISSUER: service.publicUrl,
    INTEROP_CASES: cases,
    INTEROP_BUNDLE_ADDRESS: bundleAddress,
    INTEROP_JWK: JSON.stringify({ ...privateKey.export({ format: "jwk" }), ...named }),
    [SECRET_VARIABLE]: secret,
  };
  try {
    // Registries are waited for side by side; compilers have the processors one after the other.
    const fetched = chosen.map((client) => fetchPackages(client, folderOf(client)));
    for (const [index, client] of chosen.entries()) {
      const obstacle = (await fetched[index]) ?? (performance.now() < deadline ? undefined : LATE);
      client.lay?.(folderOf(client), issuer.url);
      tell(client, obstacle ?? (await prove(client, folderOf(client), told)));
    }
  } finally {
    await issuer.close();
    await service.stop();
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
