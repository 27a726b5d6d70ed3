import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";

/**
 * `npm run build`: what the package, the image and the executable run, `dist/mintmark.cjs`, and the licenses of all that
 * is in it. One file, for Node strips no types below `node_modules`; CommonJS, which `node --build-sea` can cache the code
 * of. It is not minified and has no source map: a stack trace names the functions as they are in the source, the comment
 * above them names the file, and what runs can be read by whoever audits it. A map is larger than it saves.
 */
const root = join(import.meta.dirname, "..");
const folder = join(root, "dist");

/** What the MongoDB driver takes if somebody installs it beside the bundle, and does without. */
const LEFT_OUTSIDE = [
  "@aws-sdk/credential-providers",
  "@mongodb-js/zstd",
  "gcp-metadata",
  "kerberos",
  "mongodb-client-encryption",
  "snappy",
  "socks",
];

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outfile: "dist/mintmark.cjs",
  bundle: true,
  platform: "node",
  target: "node26",
  format: "cjs",
  // Node does not promise that import() works in an executable whose code is cached; a require does.
  supported: { "dynamic-import": false },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
checkWhole(metafile);
writeFileSync(
  join(folder, "licenses.txt"),
  packagesIn(metafile)
    .map(licenseOf)
    .join(`\n${"-".repeat(80)}\n\n`),
);
for (const [path, { bytes }] of Object.entries(metafile.outputs)) console.log(`${path}: ${bytes} bytes`);

/** Fails if anything is left to be found at run time that is not known to be optional. */
function checkWhole({ outputs }: Metafile): void {
  const outside = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external && !isBuiltin(path)).map(({ path }) => path),
  );
  const unknown = outside.filter((path) => !LEFT_OUTSIDE.includes(path));
  if (unknown.length > 0) throw new Error(`The bundle needs ${unknown.join(", ")} beside it.`);
}

/** The folders of the packages that the bundle has code of. */
function packagesIn({ inputs }: Metafile): readonly string[] {
  const folders = Object.keys(inputs).map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((path) => path !== undefined))].sort();
}

/** A package's name, version and license, with the text that it comes with. */
function licenseOf(path: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`${path} names no license.`);
  const texts = readdirSync(join(root, path))
    .filter((file) => /^(?:licen[cs]e|notice)/i.test(file))
    .map((file) => readFileSync(join(root, path, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n").concat("\n");
}
