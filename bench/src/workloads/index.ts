import type { Comparison } from "../comparison.ts";
import { grpcWorkloads } from "./grpc.ts";
import { introspectWorkloads } from "./introspect.ts";
import { mintWorkloads } from "./mint.ts";
import { refreshWorkloads } from "./refresh.ts";

/** All workloads, in the order of the table. */
export const workloads: readonly Comparison[] = [
  ...mintWorkloads,
  ...refreshWorkloads,
  ...introspectWorkloads,
  ...grpcWorkloads,
];
