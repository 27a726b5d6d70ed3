import { CALL_ATTRIBUTES, callAttributes, OTHER, REQUEST_ATTRIBUTES, requestAttributes } from "../conventions.ts";
import type { Meter } from "../meter.ts";
import type { Watcher } from "../watcher.ts";
import type { Instruments, Labels } from "./instruments.ts";

/**
 * Measures requests and RPCs, with the names and labels of OpenTelemetry's semantic conventions as Prometheus spells
 * them. `elapsed`: a monotonic reading in milliseconds.
 */
export function watchDurations(instruments: Instruments, elapsed: () => number): Watcher {
  const request = instruments.histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests, those of Connect and gRPC-Web too.",
    REQUEST_ATTRIBUTES.map(inPrometheus),
  );
  const labelsOfRequest = labelsOf(REQUEST_ATTRIBUTES);
  const call = instruments.histogram(
    "rpc_server_call_duration_seconds",
    "Duration of RPCs over gRPC, gRPC-Web and Connect.",
    CALL_ATTRIBUTES.map(inPrometheus),
  );
  const labelsOfCall = labelsOf(CALL_ATTRIBUTES);
  return {
    arrived(trace) {
      const begun = elapsed();
      const seconds = () => (elapsed() - begun) / 1000;
      return {
        trace,
        request: (ended) =>
          request(seconds(), labelsOfRequest({ ...requestAttributes(ended), "http.route": ended.route ?? OTHER })),
        call: (ended) => call(seconds(), labelsOfCall(callAttributes(ended))),
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

/** Makes labels of attributes; their names are spelt once, for it happens at every request. */
function labelsOf<Name extends string>(names: readonly Name[]) {
  const spelt = names.map((name) => [name, inPrometheus(name)] as const);
  return (attributes: Readonly<Record<Name, string | number | undefined>>): Labels<string> => {
    const labels: Record<string, string | undefined> = {};
    for (const [name, label] of spelt) labels[label] = attributes[name]?.toString();
    return labels;
  };
}

function inPrometheus(name: string): string {
  return name.replaceAll(".", "_");
}
