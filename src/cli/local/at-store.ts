import { randomUUID } from "node:crypto";
import type { Logger } from "../../base/logger.ts";
import type { Config } from "../../config/config.ts";
import type { AnswerOf, OperationName, RequestOf } from "../../engine/perform.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { Store } from "../../store/port.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";
import { openCommandLog } from "../frame/log.ts";
import { type ConfigOptions, readConfig } from "./config.ts";

/** The operator in the log: anyone who can read the key-encryption key and the store. */
const COMMAND_LINE: Operator = { id: "command line", secrets: [] };

/** What a command gets to work directly on the configured store, while nodes run or not. */
interface AtStore {
  readonly config: Config;
  readonly logger: Logger;
  readonly store: Store;
}

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
  return atStore(io, options, async ({ config, logger, store }) => {
    const [{ thisMachine }, { perform }, { openNode }, { thisPlatform }, { openSealer }, { heardByAll }, { EventLog }] =
      await Promise.all([
        import("../../base/clock.ts"),
        import("../../engine/perform.ts"),
        import("../../server/node.ts"),
        import("../../server/platform.ts"),
        import("../../server/stores.ts"),
        import("../../telemetry/listeners.ts"),
        import("../../telemetry/log.ts"),
      ]);
    const platform = thisPlatform(openSealer(config));
    const listener = heardByAll([new EventLog(logger, thisMachine.elapsed).listen], logger);
    const tenants = config.tenants.values();
    // A leaked key can be replaced whatever the clock says, as rotating and listing use no time from IssuingClock.
    const mayBeBehind = name === "rotate" || name === "listKeys";
    if (name === "revokeClient") await assertUsed(store, config);
    const node = await openNode({ settings: config, tenants, store, platform, listener, mayBeBehind });
    const parts = node.tenants.get(tenant);
    if (parts === undefined) throw new UsageError(`--tenant must be one of ${[...node.tenants.keys()].join(", ")}.`);
    const authenticators = { ...node.performing.authenticators, operator: async () => COMMAND_LINE };
    return perform(name, parts, { requestId: randomUUID() }, request, { ...node.performing, authenticators });
  });
}

/**
 * A revocation in a store that nobody uses would succeed but revoke nothing. Throws {@link UsageError} if no tenant has
 * keys there.
 */
async function assertUsed(store: Store, { tenants }: Config): Promise<void> {
  const keys = await Promise.all([...tenants.keys()].map((id) => store.forTenant(id).keys.list()));
  if (keys.some((list) => list.length > 0)) return;
  throw new UsageError("No service has used this store yet: check --config, MINTMARK_STORE and the working directory.");
}
