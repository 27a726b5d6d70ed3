// Has the verifier of docs/verifying.md decide on each token. The lines of the cases: whether it must be accepted, what
// it is, and the token, with tabs between.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { verify } from "./verifier.mjs";

const lines = readFileSync(process.env.INTEROP_CASES, "utf8").trim().split("\n");
for (const [wanted, name, token] of lines.map((line) => line.split("\t"))) {
  const verdict = await verify(token).then(
    () => "accepted",
    () => "refused",
  );
  assert.equal(verdict, wanted, name);
}
console.log(`decides ${lines.length} times as it should`);
