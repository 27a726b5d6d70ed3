import type { Client } from "@connectrpc/connect";
import type { RegistryService } from "../../../gen/mintmark/v1/registry_service_pb.ts";
import type { Io } from "../frame/io.ts";
import { type ConnectionOptions, callService } from "../remote/connection.ts";

/** The RPCs for tenants and clients. */
export type Registry = Client<typeof RegistryService>;

/** Calls the RegistryService as an operator. Throws as `callService` does. */
export async function callRegistry<T>(
  io: Io,
  options: ConnectionOptions,
  call: (registry: Registry, explain: (error: unknown) => Error) => Promise<T>,
): Promise<T> {
  const { RegistryService: rpcs } = await import("../../../gen/mintmark/v1/registry_service_pb.ts");
  return callService(io, options, "operator", rpcs, call);
}
