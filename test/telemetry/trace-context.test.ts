import { expect, it } from "vitest";
import { traceIdOf } from "../../src/telemetry/trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

it.each([
  [`00-${TRACE}-${SPAN}-01`, TRACE],
  [`cc-${TRACE}-${SPAN}-01-what-a-later-version-adds`, TRACE],
  [undefined, undefined],
  ["", undefined],
  [`ff-${TRACE}-${SPAN}-01`, undefined],
  [`00-${"0".repeat(32)}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${"0".repeat(16)}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${SPAN}`, undefined],
  [`00-${TRACE}-${SPAN}-01x`, undefined],
  [`00-${TRACE}, 00-${TRACE}-${SPAN}-01`, undefined],
])("the trace of the traceparent %j is %j", (traceParent, traceId) => {
  expect(traceIdOf(traceParent)).toBe(traceId);
});
