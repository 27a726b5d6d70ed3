import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { clients } from "../../interop/clients.ts";
import { interopConfig, SECRET_VARIABLE } from "../../interop/config.ts";
import { go, java, node, python } from "../../interop/toolchains.ts";
import { fileWorld, problemsOf } from "../config/context.ts";

const interop = join(import.meta.dirname, "../../interop");

it("every folder has a client", () => {
  const folders = readdirSync(interop, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(clients.map(({ name }) => name).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});

/** What pins the packages of a toolchain's clients, exactly: what each line of a file, or each group, must be. */
const locks = [
  { toolchain: node, file: "package.json", version: /"[\w/@-]+": "(.*)"/g, exact: /^\d+\.\d+\.\d+$/ },
  { toolchain: node, file: "package-lock.json", version: /"integrity": "(.*)"/g, exact: /^sha512-/ },
  { toolchain: python, file: "requirements.txt", version: /^\w.*?(==.*)$/gm, exact: /^==[\w.]+ \\$/ },
  { toolchain: python, file: "requirements.txt", version: /--hash=(\S+)/g, exact: /^sha256:[0-9a-f]{64}$/ },
  { toolchain: go, file: "go.sum", version: /^\S+ \S+ (.*)$/gm, exact: /^h1:/ },
  { toolchain: java, file: "pom.xml", version: /<version>(.*)<\/version>/g, exact: /^[\d.]+$/ },
];

it.each(clients)("the packages of $name are pinned", ({ source, toolchain }) => {
  const own = locks.filter((lock) => lock.toolchain === toolchain);
  expect(own.length).toBeGreaterThan(0);
  for (const { file, version, exact } of own) {
    const versions = [...readFileSync(join(source, file), "utf8").matchAll(version)].map(([, found = ""]) => found);
    expect(versions.length, file).toBeGreaterThan(0);
    for (const found of versions) expect(found, file).toMatch(exact);
  }
});

it("the configuration that they meet can be used", () => {
  const secrets = { [SECRET_VARIABLE]: "a secret of the clients" };
  const jwk = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) as Record<string, string>;
  expect(
    problemsOf(
      fileWorld(
        JSON.stringify(interopConfig({ jwk, bundle: "http://127.0.0.1:1/", authority: "http://127.0.0.1:1" })),
        secrets,
      ),
    ),
  ).toEqual([]);
});
