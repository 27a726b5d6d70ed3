import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { type Command, type CommandOptions, oneOf, textOf } from "./command.ts";
import { asOperator } from "./tenant.ts";

/** `mintmark rotate`: what the RPC Rotate does. */
export const rotate: Command = {
  summary: "makes the next key of a tenant: --tenant, --mode, --use, --kid, --dry-run, --idempotency-key",
  options: {
    tenant: { type: "string" },
    mode: { type: "string" },
    use: { type: "string" },
    kid: { type: "string" },
    "dry-run": { type: "boolean" },
    "idempotency-key": { type: "string" },
  },

  async run(config: Config, logger: Logger, options: CommandOptions): Promise<string> {
    const rotation = await asOperator(config, logger, options, "rotate", [
      {
        mode: oneOf(["graceful", "immediate", "compromised"], options, "mode"),
        use: oneOf(["signing", "refresh"], options, "use"),
        kid: textOf(options, "kid"),
        dryRun: options["dry-run"] === true,
        idempotencyKey: textOf(options, "idempotency-key"),
      },
    ]);
    return JSON.stringify(rotation, withReadableTimes, 2);
  },
};

/** Instants as RFC 3339 text. */
function withReadableTimes(name: string, value: unknown): unknown {
  const isInstant = typeof value === "number" && (name.endsWith("At") || name === "jwksStaleUntil");
  return isInstant ? new Date(value).toISOString() : value;
}
