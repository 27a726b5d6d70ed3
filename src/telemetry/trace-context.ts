/** A `traceparent` (W3C Trace Context section 3.2); a later version may add fields. */
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

/** The id of the trace that a `traceparent` names; undefined if there is none, or it is malformed. */
export function traceIdOf(traceParent: string | undefined): string | undefined {
  return traceParent === undefined ? undefined : TRACE_PARENT.exec(traceParent)?.groups?.traceId;
}
