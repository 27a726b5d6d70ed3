import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, it } from "vitest";
import { type Issuer, startIssuer } from "./forgeries.ts";
import { build, fetchPackages, others, writeVerifier } from "./languages.ts";
import { provesItself } from "./prove.ts";

let issuer: Issuer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-verifiers-"));
  issuer = await startIssuer();
});
afterAll(async () => {
  await issuer.close();
  rmSync(folder, { recursive: true });
});

it.for(others)("the verifier in $name accepts what it should, and nothing else", async (language, { skip }) => {
  const own = join(folder, language.name);
  writeVerifier(language, own, issuer.url);
  if (!(await fetchPackages(language, own))) skip(`${language.name} or its packages cannot be had here`);
  await build(language, own);
  await provesItself(language, own, issuer);
});
