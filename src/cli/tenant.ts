import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { systemRandom } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import { SecretVerifier } from "../engine/clients/secrets.ts";
import type { TenantContext } from "../engine/context.ts";
import { UncertainRefreshes } from "../engine/tokens/uncertain-refreshes.ts";
import { openContexts, openTimedStore } from "../server/node.ts";
import { type CommandOptions, textOf, UsageError } from "./command.ts";

/** Who calls, in the log: whoever may read the key-encryption key and the store. */
export const COMMAND_LINE = "command line";

/**
 * Does what an operator's RPC does to the tenant that `--tenant` names (`default` unless given), at the store itself,
 * while nodes run or not. Throws {@link UsageError} for an unknown tenant.
 */
export async function withTenant<T>(
  config: Config,
  logger: Logger,
  options: CommandOptions,
  run: (context: TenantContext) => Promise<T>,
): Promise<T> {
  const timed = await openTimedStore(config, logger);
  try {
    const uncertainRefreshes = new UncertainRefreshes(timed.clock, thisMachine);
    const node = { ...timed, logger, uncertainRefreshes, secrets: new SecretVerifier(systemRandom, timed.clock) };
    const contexts = await openContexts(config, config.publicUrl(config.httpAddress.port), node);
    const id = textOf(options, "tenant") ?? "default";
    const context = contexts.find(({ tenant }) => tenant.id === id);
    if (context === undefined)
      throw new UsageError(`--tenant must be one of ${contexts.map(({ tenant }) => tenant.id).join(", ")}.`);
    return await run(context);
  } finally {
    await timed.store.close();
  }
}
