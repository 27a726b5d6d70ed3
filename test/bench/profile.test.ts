import { expect, it } from "vitest";
import { type CpuProfile, inWords, sharesOf } from "../../bench/src/profile.ts";

const modules = ["", "src/http/form.ts", "src/store/sqlite/writer.ts", "node_modules/fast-uri/index.js"];

function frame(id: number, functionName: string, url: string, lineNumber: number, children: readonly number[] = []) {
  return { id, callFrame: { functionName, url, lineNumber }, children };
}

const profile: CpuProfile = {
  nodes: [
    frame(1, "(root)", "", -1, [2, 3, 4, 7]),
    frame(2, "(idle)", "", -1),
    frame(3, "parse", "file:///somewhere/mintmark.cjs", 1, [5]),
    frame(4, "commit", "/somewhere/mintmark.cjs", 2, [6]),
    frame(5, "decode", "/somewhere/mintmark.cjs", 3),
    frame(6, "run", "", -1),
    frame(7, "(garbage collector)", "", -1),
  ],
  samples: [1, 1, 1, 1, 1, 2, 3, 5, 6, 7],
  timeDeltas: [9, 9, 9, 9, 9, 100, 10, 20, 60, 10],
};

it("tells for the second half of a profile where the time went, and counts what is nobody's for its caller", () => {
  const shares = sharesOf(profile, modules);
  expect(shares).toEqual([
    { area: "store", share: 0.6 },
    { area: "HTTP, RPC", share: 0.3 },
    { area: "garbage collector", share: 0.1 },
  ]);
  expect(inWords(shares)).toBe("store 60 %, HTTP, RPC 30 %, garbage collector 10 %");
});
