import type { Config } from "../config/config.ts";
import type { Logger } from "../engine/logger.ts";
import { rotateAs } from "../engine/operators.ts";
import { SecretVerifier } from "../engine/secrets.ts";
import { Settlements } from "../engine/settlements.ts";
import { systemRandom } from "../token/random.ts";
import { openTimedStore, openWorlds } from "../worlds.ts";
import { type Command, type CommandOptions, oneOf, textOf, UsageError } from "./command.ts";

/** Who rotates, in the log: whoever may read the key-encryption key and the store. */
const OPERATOR = "command line";

/** `mintmark rotate`: what the RPC Rotate does, at the store itself, while nodes run or not. */
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
    const timed = await openTimedStore(config, logger);
    try {
      const settlements = new Settlements(timed.clock);
      const node = { ...timed, logger, settlements, secrets: new SecretVerifier(systemRandom, timed.clock) };
      const worlds = await openWorlds(config, config.publicUrl(config.httpAddress.port), node);
      const id = textOf(options, "tenant") ?? "default";
      const world = worlds.find(({ tenant }) => tenant.id === id);
      if (world === undefined)
        throw new UsageError(`--tenant must be one of ${worlds.map(({ tenant }) => tenant.id).join(", ")}.`);
      const rotation = await rotateAs(world, OPERATOR, {
        mode: oneOf(["graceful", "immediate", "compromised"], options, "mode"),
        use: oneOf(["signing", "refresh"], options, "use"),
        kid: textOf(options, "kid"),
        dryRun: options["dry-run"] === true,
        idempotencyKey: textOf(options, "idempotency-key"),
      });
      return JSON.stringify(rotation, withReadableTimes, 2);
    } finally {
      await timed.store.close();
    }
  },
};

/** Instants as RFC 3339 text. */
function withReadableTimes(name: string, value: unknown): unknown {
  const isInstant = typeof value === "number" && (name.endsWith("At") || name === "jwksStaleUntil");
  return isInstant ? new Date(value).toISOString() : value;
}
