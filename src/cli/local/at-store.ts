import type { AnswerOf, OperationName, RequestOf } from "../../engine/perform.ts";
import type { Io } from "../frame/io.ts";
import { openCommandLog } from "../frame/log.ts";
import { type ConfigOptions, readConfig } from "./config.ts";
import type { AtStore } from "./operate.ts";

/**
 * Opens the configured store, which must exist, does something with it, and closes it. `alone`: see StoreOptions. Also
 * throws the errors of reading the configuration and opening the store.
 */
export async function atStore<T>(
  io: Io,
  options: ConfigOptions & { readonly alone?: boolean },
  work: (parts: AtStore) => Promise<T>,
): Promise<T> {
  const config = await readConfig(io, options);
  const logger = await openCommandLog(io, config);
  const { openConfiguredStore } = await import("../../server/stores.ts");
  const store = await openConfiguredStore(config, logger, { create: false, alone: options.alone });
  try {
    return await work({ config, logger, store });
  } finally {
    await store.close();
  }
}

/**
 * Performs an operator's operation on a tenant directly on the store, as its RPC does. Throws {@link UsageError} for a
 * tenant that is not configured, and OAuthError as the operation does.
 */
export function operateAtStore<Name extends OperationName>(
  io: Io,
  { tenant, ...options }: ConfigOptions & { readonly tenant: string },
  name: Name,
  request: RequestOf<Name>,
): Promise<AnswerOf<Name>> {
  return atStore(io, options, async (parts) => {
    const { operate } = await import("./operate.ts");
    return operate(io, parts, tenant, name, request);
  });
}
