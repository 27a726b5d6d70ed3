import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { type Command, type CommandOptions, textOf, UsageError } from "./command.ts";
import { asOperator } from "./tenant.ts";

/** `mintmark revoke-client`: what the RPC RevokeClient does. */
export const revokeClient: Command = {
  summary: "ends all that a client minted up to now: --tenant, --client",
  options: { tenant: { type: "string" }, client: { type: "string" } },

  async run(config: Config, logger: Logger, options: CommandOptions): Promise<string> {
    const client = textOf(options, "client");
    if (client === undefined)
      throw new UsageError("--client is required: the id of the client whose tokens are to end.");
    const revocation = await asOperator(config, logger, options, "revokeClient", [{ client }]);
    return JSON.stringify(revocation, undefined, 2);
  },
};
