/** `npm run bench`: measures mintmark beside plain servers and other OAuth2 servers (docs/performance.md). */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare, type Row } from "./comparison.ts";
import { readOptions } from "./options.ts";
import { inWords, readProfiles } from "./profile.ts";
import { tableOf } from "./table.ts";
import { workloads } from "./workloads/index.ts";

const bundle = join(import.meta.dirname, "../../dist/mintmark.cjs");
const options = readOptions(process.argv.slice(2));
const chosen = chooseWorkloads(options.only);
if (options.peers) installPeers();
if (!options.source) execFileSync(process.execPath, [join(import.meta.dirname, "../../scripts/build.ts")]);
const rows: Row[] = [];
const profiles: string[] = [];
for (const workload of chosen) {
  process.stderr.write(`${workload.name} …\n`);
  const profile = options.profile === undefined ? undefined : join(options.profile, workload.name);
  rows.push(...(await compare(workload, { ...options, profile })));
  if (profile === undefined) continue;
  for (const shares of readProfiles(profile, bundle)) profiles.push(`${workload.name}: ${inWords(shares)}`);
}
console.log(tableOf(rows));
if (profiles.length > 0) console.log(`\nWhere mintmark's time went:\n${profiles.join("\n")}`);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);

function chooseWorkloads(names: readonly string[] | undefined) {
  if (names === undefined) return workloads;
  return names.map((name) => {
    const workload = workloads.find((each) => each.name === name);
    if (workload !== undefined) return workload;
    throw new Error(`--only: ${name} is none of ${workloads.map((each) => each.name).join(", ")}.`);
  });
}

/** Installs what only the bench needs, if it is not there. */
function installPeers(): void {
  const folder = join(import.meta.dirname, "..");
  if (existsSync(join(folder, "node_modules"))) return;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  execFileSync(npm, ["ci", "--ignore-scripts", "--no-fund", "--no-audit"], { cwd: folder, stdio: ["ignore", 2, 2] });
}
