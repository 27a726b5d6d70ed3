import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * `npm run build:executable`: the bundle and the Node that runs this script in one file, `dist/executable/mintmark`, for
 * the platform that it is built on, with the licenses of both beside it. `NODE_OPTIONS` works as it does for `node`.
 */
const root = join(import.meta.dirname, "..");
const folder = join(root, "dist/executable");
const output = join(folder, process.platform === "win32" ? "mintmark.exe" : "mintmark");
const config = join(folder, "sea.json");

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
writeFileSync(
  config,
  JSON.stringify({
    main: join(root, "dist/mintmark.cjs"),
    mainFormat: "commonjs",
    output,
    disableExperimentalSEAWarning: true,
    // Compiling the bundle takes longer than the rest of a start.
    useCodeCache: true,
  }),
);
execFileSync(process.execPath, ["--build-sea", config], { stdio: "inherit" });
rmSync(config);
// macOS starts nothing that is not signed, and what was added to Node's own binary ended its signature.
if (process.platform === "darwin") execFileSync("codesign", ["--sign", "-", "--force", output], { stdio: "inherit" });

copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
const nodeLicense = join(dirname(process.execPath), "../LICENSE");
const node = existsSync(nodeLicense)
  ? readFileSync(nodeLicense, "utf8")
  : `https://github.com/nodejs/node/blob/${process.version}/LICENSE\n`;
const bundled = readFileSync(join(root, "dist/licenses.txt"), "utf8");
writeFileSync(join(folder, "licenses.txt"), `${bundled}\n${"-".repeat(80)}\n\nNode.js ${process.version}\n\n${node}`);
console.log(`${output}: ${statSync(output).size} bytes`);
