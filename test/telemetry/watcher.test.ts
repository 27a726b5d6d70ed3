import { expect, it } from "vitest";
import { watchedByAll } from "../../src/telemetry/watcher.ts";
import { recordingWatcher } from "../support/watcher.ts";

const received = { traceParent: "from the request", traceState: undefined };
const own = { traceParent: "from the first watcher", traceState: undefined };

it("several watchers are told of all, each with the trace that the one before it leaves", () => {
  const watchers = [recordingWatcher(own), recordingWatcher()];
  const watch = watchedByAll(watchers).arrived(received);
  const request = { method: "GET", route: "/", status: 200, isCutOff: false, version: "1.1", scheme: "http" } as const;
  const call = { system: "grpc", method: "a.B/C", status: "OK" } as const;
  watch.call(call);
  watch.request(request);
  watch.end();
  expect(watch.trace).toEqual(own);
  expect(watchers.map(({ arrivals }) => arrivals)).toEqual([[received], [own]]);
  for (const { requests, calls, ends } of watchers) {
    expect({ requests, calls, ends }).toEqual({ requests: [request], calls: [call], ends: 1 });
  }
});
