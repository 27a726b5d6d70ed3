import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

const root = join(import.meta.dirname, "../..");

declare module "vitest" {
  interface ProvidedContext {
    /** The path of what `npm pack` made. */
    readonly tarball: string;
  }
}

/** Packs the package once, which builds the bundle. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-pack-"));
  execFileSync("npm", ["pack", "--pack-destination", folder, "--loglevel", "warn"], { cwd: root, stdio: "inherit" });
  const [name = ""] = readdirSync(folder);
  project.provide("tarball", join(folder, name));
  return () => rmSync(folder, { recursive: true });
}
