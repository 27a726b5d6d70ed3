import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";
import { reportRefusal } from "../../src/rpc/arrivals.ts";
import { cancelled, deadlineOver, serverStopping, toConnectError, tooLarge } from "../../src/rpc/errors.ts";
import type { Event } from "../../src/telemetry/events.ts";
import { Arrival } from "../../src/wire/arrival.ts";

/** The reasons that are told if a call is answered with these refusals, one after the other. */
function toldOf(hasBegun: boolean, ...refusals: readonly ConnectError[]): readonly string[] {
  const events: Event[] = [];
  const arrival = new Arrival({ requestId: "r1" }, (event) => void events.push(event));
  arrival.hasBegun = hasBegun;
  for (const refusal of refusals) reportRefusal(refusal, arrival);
  return events.map((event) => ("reason" in event ? event.reason : event.event));
}

const performed = Object.assign(new OAuthError("invalid_grant", "No."), { isReported: true });

describe("the refusal of a call", () => {
  it.each([
    ["its deadline, before it begins", false, deadlineOver(), ["The call's deadline has passed."]],
    ["its deadline, whose operation goes on", true, deadlineOver(), []],
    ["a server that stops, before it begins", false, serverStopping(), ["The server is stopping. Try again."]],
    ["a server that stops, if it is a stream", true, serverStopping(), []],
    ["a message that comes too large", true, tooLarge(), ["The body is too large."]],
    ["its caller, who gave up", true, cancelled(), []],
    ["an implementation's own status", true, new ConnectError("No.", Code.NotFound), []],
    ["an operation, which has told it", true, toConnectError(performed), []],
  ])("by %s", (_, hasBegun, refusal, told) => {
    expect(toldOf(hasBegun, refusal)).toEqual(told);
  });

  it("is told once", () => {
    expect(toldOf(false, tooLarge(), deadlineOver())).toEqual(["The body is too large."]);
  });
});
