/** The longest timer in Node, in milliseconds: about 24 days. A later deadline counts as none. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

/** The units of a `grpc-timeout`, in milliseconds. */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Parses a `grpc-timeout` (gRPC over HTTP/2, "Timeout") to milliseconds; undefined if it is malformed. */
export function grpcTimeout(text: string): number | undefined {
  const [, value, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * (units[unit] ?? Number.NaN);
}

/** Parses a `connect-timeout-ms` (Connect's "Timeout-Milliseconds"); undefined if it is malformed. */
export function connectTimeout(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
