import type { EndedCall, EndedRequest } from "./watcher.ts";

/** What stands for every value that is not one of a known few (OpenTelemetry's semantic conventions). */
export const OTHER = "_OTHER";

/** The attributes of an HTTP request, as OpenTelemetry's semantic conventions 1.45.0 name them. */
export const REQUEST_ATTRIBUTES = [
  "http.request.method",
  "http.route",
  "http.response.status_code",
  "network.protocol.version",
  "url.scheme",
  "error.type",
] as const;

/** The attributes of an RPC, likewise. */
export const CALL_ATTRIBUTES = ["rpc.system.name", "rpc.method", "rpc.status_code", "error.type"] as const;

/** A value for each of these attributes; undefined if one does not apply. */
type Attributes<Name extends string> = Readonly<Record<Name, string | number | undefined>>;

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

/** Describes a request. What its client wrote is not in it: no path, no query, no header. */
export function requestAttributes(ended: EndedRequest): Attributes<(typeof REQUEST_ATTRIBUTES)[number]> {
  const { method, route, status, isCutOff, version, scheme } = ended;
  const failure = status !== undefined && status >= 500 ? String(status) : undefined;
  return {
    "http.request.method": METHODS.has(method) ? method : OTHER,
    "http.route": route,
    "http.response.status_code": status,
    "network.protocol.version": version.replace(/\.0$/, ""),
    "url.scheme": scheme,
    "error.type": isCutOff ? "cut_off" : failure,
  };
}

/** Describes an RPC, likewise. */
export function callAttributes(ended: EndedCall): Attributes<(typeof CALL_ATTRIBUTES)[number]> {
  const { system, method = OTHER, status } = ended;
  return {
    "rpc.system.name": system,
    "rpc.method": method,
    "rpc.status_code": status,
    "error.type": status !== undefined && FAILURES.has(status.toUpperCase()) ? status : undefined,
  };
}
