import { CALL_ATTRIBUTES, callAttributes, OTHER, REQUEST_ATTRIBUTES, requestAttributes } from "../conventions.ts";
import type { Meter } from "../meter.ts";
import type { Watcher } from "../watcher.ts";
import type { Instruments } from "./instruments.ts";

/**
 * Measures requests and RPCs, with the names and labels of OpenTelemetry's semantic conventions as Prometheus spells
 * them. `elapsed`: a monotonic reading in milliseconds.
 */
export function watchDurations(instruments: Instruments, elapsed: () => number): Watcher {
  const request = instruments.histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests, those of Connect and gRPC-Web too.",
    REQUEST_ATTRIBUTES,
  );
  const call = instruments.histogram(
    "rpc_server_call_duration_seconds",
    "Duration of RPCs over gRPC, gRPC-Web and Connect.",
    CALL_ATTRIBUTES,
  );
  return {
    arrived(trace) {
      const begun = elapsed();
      const seconds = () => (elapsed() - begun) / 1000;
      return {
        trace,
        request: ({ route = OTHER, ...ended }) => request(seconds(), requestAttributes({ ...ended, route })),
        call: (ended) => call(seconds(), callAttributes(ended)),
        end: () => undefined,
      };
    },
  };
}

/** Measures what this process does besides. */
export function createMeter(instruments: Instruments): Meter {
  const storeCall = instruments.histogram(
    "mintmark_store_operation_duration_seconds",
    "Duration of the store's operations.",
    ["store", "operation", "outcome"],
  );
  const signed = instruments.histogram("mintmark_signing_seconds", "Duration of signatures.", ["algorithm"]);
  return {
    storeCall: ({ seconds, ...labels }) => storeCall(seconds, labels),
    signed: ({ seconds, algorithm }) => signed(seconds, { algorithm }),
  };
}
