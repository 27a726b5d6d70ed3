import type { Meter } from "../meter.ts";
import type { EndedCall, EndedRequest, Watcher } from "../watcher.ts";
import { type Instruments, OTHER } from "./instruments.ts";

/** The methods of RFC 9110 section 9 and RFC 5789. */
const METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "TRACE",
]);

/** The statuses of an RPC that are the server's failure rather than its client's, by their names in gRPC. */
const FAILURES: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/**
 * Measures requests and RPCs, with the names and labels of OpenTelemetry's semantic conventions, version 1.45.0, as
 * Prometheus spells them. `elapsed`: a monotonic reading in milliseconds.
 */
export function watchDurations(instruments: Instruments, elapsed: () => number): Watcher {
  const observeRequest = instruments.histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests, those of Connect and gRPC-Web too.",
    [
      "http_request_method",
      "http_route",
      "http_response_status_code",
      "network_protocol_version",
      "url_scheme",
      "error_type",
    ],
  );
  const observeCall = instruments.histogram(
    "rpc_server_call_duration_seconds",
    "Duration of RPCs over gRPC, gRPC-Web and Connect.",
    ["rpc_system_name", "rpc_method", "rpc_status_code", "error_type"],
  );

  function request({ method, route, status, isCutOff, version, scheme }: EndedRequest, seconds: number): void {
    observeRequest(seconds, {
      http_request_method: METHODS.has(method) ? method : OTHER,
      http_route: route ?? OTHER,
      http_response_status_code: status?.toString(),
      network_protocol_version: version.replace(/\.0$/, ""),
      url_scheme: scheme,
      error_type: isCutOff ? "cut_off" : failedStatus(status),
    });
  }

  function call({ system, method, status }: EndedCall, seconds: number): void {
    observeCall(seconds, {
      rpc_system_name: system,
      rpc_method: method ?? OTHER,
      rpc_status_code: status,
      error_type: status !== undefined && FAILURES.has(status.toUpperCase()) ? status : undefined,
    });
  }

  return {
    arrived(trace) {
      const begun = elapsed();
      const seconds = () => (elapsed() - begun) / 1000;
      return { trace, request: (ended) => request(ended, seconds()), call: (ended) => call(ended, seconds()) };
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

function failedStatus(status: number | undefined): string | undefined {
  return status !== undefined && status >= 500 ? String(status) : undefined;
}
