import type { Comparison } from "../comparison.ts";
import { grantWorkloads } from "./grants.ts";
import { grpcWorkloads } from "./grpc.ts";
import { indexWorkloads } from "./indexes.ts";
import { introspectWorkloads } from "./introspect.ts";
import { latencyWorkloads } from "./latency.ts";
import { memoryWorkloads } from "./memory.ts";
import { mintWorkloads } from "./mint.ts";
import { refreshWorkloads } from "./refresh.ts";
import { registryWorkloads } from "./registry.ts";
import { startWorkloads } from "./start.ts";
import { tenantWorkloads } from "./tenants.ts";

/** All workloads, in the order of the table. */
export const workloads: readonly Comparison[] = [
  ...mintWorkloads,
  ...refreshWorkloads,
  ...introspectWorkloads,
  ...grpcWorkloads,
  ...latencyWorkloads,
  ...startWorkloads,
  ...memoryWorkloads,
  ...grantWorkloads,
  ...tenantWorkloads,
  ...registryWorkloads,
  ...indexWorkloads,
];
