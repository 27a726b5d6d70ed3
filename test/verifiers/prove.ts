import { expect } from "vitest";
import type { Issuer } from "./forgeries.ts";
import { type Language, verdicts } from "./languages.ts";

/** Fails unless the verifier in a folder accepts the issuer's genuine tokens, and nothing else. */
export async function provesItself(language: Language, folder: string, { cases }: Issuer): Promise<void> {
  const tokens = cases.map(({ token }) => token);
  const said = await verdicts(language, folder, tokens);
  const wanted = cases.map(({ accepted }) => (accepted ? "accepted" : "refused"));
  const byName = (list: readonly string[]) => Object.fromEntries(cases.map(({ name }, index) => [name, list[index]]));
  expect(byName(said)).toEqual(byName(wanted));
}
