import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { type AnswerOf, type OperationName, perform, type RequestOf } from "../engine/perform.ts";
import { openNode } from "../server/node.ts";
import { thisPlatform } from "../server/platform.ts";
import { openConfiguredStore, openSealer } from "../server/stores.ts";
import { EventLog } from "../telemetry/log.ts";
import { type CommandOptions, textOf, UsageError } from "./command.ts";

/** Who calls, in the log: whoever may read the key-encryption key and the store. */
const COMMAND_LINE = "command line";

/**
 * Performs an operator's operation on the tenant that `--tenant` names (`default` unless given), at the store itself,
 * while nodes run or not. Throws {@link UsageError} for an unknown tenant.
 */
export async function asOperator<Name extends OperationName>(
  config: Config,
  logger: Logger,
  options: CommandOptions,
  name: Name,
  request: RequestOf<Name>,
): Promise<AnswerOf<Name>> {
  const store = await openConfiguredStore(config, logger);
  try {
    const platform = thisPlatform(openSealer(config));
    const { listen: listener } = new EventLog(logger, thisMachine.elapsed);
    const tenants = config.tenants.values();
    // A leaked key is replaced whatever the clock: no moment is told for that, or taken for the latest.
    const mayBeBehind = name === "rotate" || name === "listKeys";
    const parts = { settings: config, tenants, store, platform, logger, listener };
    const node = await openNode({ ...parts, mayBeBehind });
    const tenant = node.tenants.get(textOf(options, "tenant") ?? "default");
    if (tenant === undefined) throw new UsageError(`--tenant must be one of ${[...node.tenants.keys()].join(", ")}.`);
    return await perform(name, tenant, { caller: {}, operator: COMMAND_LINE }, request, node.performing);
  } finally {
    await store.close();
  }
}
