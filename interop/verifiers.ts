import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { blocksOf } from "../test/support/snippets.ts";
import type { Client } from "./client.ts";
import type { Case } from "./forgeries.ts";
import { go, java, node, python, type Toolchain } from "./toolchains.ts";

/** The verifiers of docs/verifying.md that can be run, each in a folder with a program that has it decide. */
export const verifiers: readonly Client[] = [
  verifier("verifier-javascript", node, "js verifier", "verifier.mjs"),
  verifier("verifier-python", python, "python verifier", "verifier.py"),
  verifier("verifier-go", go, "go verifier", "verifier/verifier.go"),
  verifier("verifier-java", java, "java verifier", "Verifier.java"),
];

/** The cases as the programs read them: a line for each. */
export function casesText(cases: readonly Case[]): string {
  return cases.map(({ name, token, accepted }) => `${accepted ? "accepted" : "refused"}\t${name}\t${token}\n`).join("");
}

/** `info`: that of its block on the page. `file`: where the program expects it. */
function verifier(name: string, toolchain: Toolchain, info: string, file: string): Client {
  return {
    name,
    source: join(import.meta.dirname, name),
    toolchain,
    lay(folder, issuer) {
      const page = readFileSync(join(import.meta.dirname, "../docs/verifying.md"), "utf8");
      const block = blocksOf(page).find((each) => each.info === info);
      if (block === undefined) throw new Error(`docs/verifying.md has no block ${info}.`);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), block.text.replaceAll("https://tokens.example.com", issuer));
    },
  };
}
