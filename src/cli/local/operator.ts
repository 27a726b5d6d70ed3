import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Command } from "commander";
import type { AnswerOf, OperationName, RequestOf } from "../../engine/perform.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";
import { type ConnectionOptions, callService, withConnection } from "../remote/connection.ts";
import { operateAtStore } from "./at-store.ts";
import { type ConfigOptions, configOption } from "./config.ts";

/** The options of an operator's command. */
export interface OperatorOptions extends ConnectionOptions, ConfigOptions {
  readonly tenant: string;
  readonly store?: boolean;
}

/** The two ways to perform an operator's command, with the same answer. */
interface Ways<S extends DescService, T> {
  /** Loads the description of the RPCs. */
  rpcs(): Promise<S>;
  /** Through these RPCs of a service. */
  service(client: Client<S>): Promise<T>;
  /** Directly on the store. */
  store(operate: <N extends OperationName>(name: N, request: RequestOf<N>) => Promise<AnswerOf<N>>): Promise<T>;
}

/** Adds the options of an operator's command: how to reach the service, or `--store`. */
export function withOperator(command: Command): Command {
  return withConnection(command, "operator")
    .option(
      "--store",
      "Work directly on the store instead of calling a service; requires access to it and to the key-encryption key",
    )
    .addOption(configOption());
}

/** Performs an operator's command, through the service or directly on the store. */
export async function asOperator<S extends DescService, T>(
  io: Io,
  options: OperatorOptions,
  { rpcs, service, store }: Ways<S, T>,
): Promise<T> {
  const { tenant, config } = options;
  if (options.store) {
    if (options.address !== undefined) throw new UsageError("--store cannot be used with --address.");
    return store((name, request) =>
      operateAtStore(io, { tenant, ...(config !== undefined && { config }) }, name, request),
    );
  }
  if (config !== undefined) throw new UsageError("--config requires --store. Use --address to call a running service.");
  return callService(io, options, "operator", await rpcs(), service);
}

/** Loads the RPCs for keys. */
export async function keyRpcs() {
  return (await import("../../../gen/mintmark/v1/key_service_pb.ts")).KeyService;
}

/** Loads the RPCs for grants. */
export async function grantRpcs() {
  return (await import("../../../gen/mintmark/v1/grant_service_pb.ts")).GrantService;
}
