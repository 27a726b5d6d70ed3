import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Client, fetchPackages, prove } from "../../interop/client.ts";
import { startIssuer } from "../../interop/forgeries.ts";
import { node } from "../../interop/toolchains.ts";
import { casesText, verifiers } from "../../interop/verifiers.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-verifier-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("the verifier in JavaScript accepts what it should, and nothing else", async () => {
  const issuer = await startIssuer();
  for (const client of verifiers.filter(({ toolchain }) => toolchain === node)) {
    // The packages are here already.
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
    const here: Client = { ...client, toolchain: { ...node, fetch: [] } };
    expect(await fetchPackages(here, folder)).toBeUndefined();
    here.lay?.(folder, issuer.url);
    const cases = join(folder, "cases");
    writeFileSync(cases, casesText(issuer.cases));
    const words = `decides ${issuer.cases.length} times as it should`;
    expect(await prove(here, folder, { INTEROP_CASES: cases })).toEqual({ result: "ok", words });

    const [genuine, ...others] = issuer.cases;
    writeFileSync(cases, casesText([{ name: "genuine", token: genuine?.token ?? "", accepted: false }, ...others]));
    expect(await prove(here, folder, { INTEROP_CASES: cases })).toMatchObject({ result: "failed" });
  }
  await issuer.close();
});

it.each(verifiers)("the page has the $name", ({ lay }) => {
  lay?.(folder, "https://mint.example");
});
