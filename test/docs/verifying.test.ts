import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startIssuer } from "../verifiers/forgeries.ts";
import { fetchPackages, javascript, others, writeVerifier } from "../verifiers/languages.ts";
import { provesItself } from "../verifiers/prove.ts";

it("the verifier in JavaScript accepts what it should, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-verifier-"));
  const issuer = await startIssuer();
  writeVerifier(javascript, folder, issuer.url);
  expect(await fetchPackages(javascript, folder)).toBe(true);
  await provesItself(javascript, folder, issuer);
  await issuer.close();
  rmSync(folder, { recursive: true });
});

it.each(others)("the page has a verifier in $name", (language) => {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-verifier-"));
  writeVerifier(language, folder, "https://mint.example");
  rmSync(folder, { recursive: true });
});
