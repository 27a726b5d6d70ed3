import { thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { systemRandom } from "../base/random.ts";
import type { Config } from "../config/config.ts";
import { SecretVerifier } from "../engine/clients/secrets.ts";
import { type AnswerOf, type OperationName, perform, type RequestOf } from "../engine/perform.ts";
import { UncertainRefreshes } from "../engine/tokens/uncertain-refreshes.ts";
import { openContexts, openTimedStore } from "../server/node.ts";
import { logListener } from "../telemetry/log.ts";
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
  const timed = await openTimedStore(config, logger);
  try {
    const uncertainRefreshes = new UncertainRefreshes(timed.clock, thisMachine);
    const node = { ...timed, logger, uncertainRefreshes, secrets: new SecretVerifier(systemRandom, timed.clock) };
    const contexts = await openContexts(config, config.publicUrl(config.httpAddress.port), node);
    const id = textOf(options, "tenant") ?? "default";
    const context = contexts.find(({ tenant }) => tenant.id === id);
    if (context === undefined)
      throw new UsageError(`--tenant must be one of ${contexts.map(({ tenant }) => tenant.id).join(", ")}.`);
    const { elapsed } = thisMachine;
    const caller = { caller: {}, operator: COMMAND_LINE };
    return await perform(name, context, caller, request, { listener: logListener(logger, elapsed), elapsed });
  } finally {
    await timed.store.close();
  }
}
