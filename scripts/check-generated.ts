import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files below a folder, as paths from it, with their text. */
function read(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    paths
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}

/** Compares the generated files below a folder with what its protos make. */
function check(parent: string, input: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-gen-"));
  try {
    execFileSync("buf", ["generate", ...input, "--output", folder], { stdio: "inherit" });
    const fresh = read(join(folder, "gen"));
    const committed = read(join(parent, "gen"));
    const stale = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
      (path) => fresh.get(path) !== committed.get(path),
    );
    if (stale.length > 0) {
      const [gen, proto] = [join(parent, "gen/"), join(parent, "proto/")];
      console.error(`${gen} is not what ${proto} makes: ${stale.join(", ")}. Run npm run gen.`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

check(".", []);
check("test/conformance", ["test/conformance/proto"]);
