import { expect, it } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";
import type { Event } from "../../src/telemetry/events.ts";
import { Arrival } from "../../src/wire/arrival.ts";
import { recordingWatcher } from "../support/watcher.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const received = { traceParent: `00-${TRACE_ID}-b7ad6b7169203331-01`, traceState: "vendor=value" };
const own = { traceParent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, traceState: undefined };

it("a request is a part of the trace that its watcher says, and so is its refusal", () => {
  const events: Event[] = [];
  const watcher = recordingWatcher(own);
  const arrival = new Arrival({ requestId: "r1", ...received }, (event) => events.push(event), watcher);
  expect(watcher.arrivals).toEqual([received]);
  expect(arrival.caller).toEqual({ requestId: "r1", ...own });
  arrival.refused(new OAuthError("invalid_request", "It is wrong."));
  expect(events).toEqual([expect.objectContaining({ requestId: "r1", traceId: TRACE_ID, code: "invalid_request" })]);
});
