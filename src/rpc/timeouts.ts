/** The longest that a timer of Node's can be, in milliseconds: some 24 days. A deadline beyond it is none. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/** The units of a `grpc-timeout`, in milliseconds. */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The milliseconds of a `grpc-timeout` (gRPC over HTTP/2, "Timeout"); undefined if it is malformed. */
export function grpcTimeout(text: string): number | undefined {
  const [, value, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * (units[unit] ?? Number.NaN);
}

/** The milliseconds of a `connect-timeout-ms` (Connect's "Timeout-Milliseconds"); undefined if it is malformed. */
export function connectTimeout(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
