import type { Logger } from "../base/logger.ts";
import type { Event, Listener } from "./events.ts";

type Level = keyof Logger;

/** How each event is logged: from which level on, and in which words. */
const lines = {
  minted: ["info", "tokens were minted"],
  refreshed: ["info", "a grant was refreshed"],
  introspected: ["debug", "a token was introspected"],
  revoked: ["info", "a revocation was done"],
  client_revoked: ["warn", "an operator revoked a client's tokens"],
  key_rotated: ["warn", "an operator rotated a key"],
  keys_listed: ["info", "an operator listed the keys"],
  refused: ["info", "a request was refused"],
  client_refused: ["info", "a client was refused"],
  operator_refused: ["info", "an operator was refused"],
  refresh_reused: ["warn", "a refresh token was used again: its grant is revoked"],
} satisfies Record<Event["event"], readonly [Level, string]>;

/** How many refusals are logged in a second, each with a line; more are counted, so that a flood of them costs little. */
const MAX_REFUSALS = 50;

/** Writes every event into the log. What was refused says why, and by which request id it can be found. */
export function logListener(logger: Logger, elapsed: () => number): Listener {
  let since = elapsed();
  let refusals = 0;

  /** Whether a refusal is one too many in its second. */
  function isTooMany(): boolean {
    const now = elapsed();
    if (now >= since + 1_000) {
      if (refusals > MAX_REFUSALS) {
        logger.warn({ count: refusals - MAX_REFUSALS }, "requests were refused without a line for each");
      }
      since = now;
      refusals = 0;
    }
    refusals += 1;
    return refusals > MAX_REFUSALS;
  }

  return (event) => {
    if (!("code" in event)) {
      const [level, message] = lines[event.event];
      logger[level](event, message);
      return;
    }
    const { cause, reason, ...others } = event;
    const fields = { ...others, reason: withoutQuotes(reason) };
    if (event.code === "server_error") logger.error({ ...fields, err: cause }, "an operation failed");
    else if (cause !== undefined) logger.warn({ ...fields, err: cause }, "an operation could not be done now");
    else if (event.event === "refresh_reused" || !isTooMany()) {
      const [level, message] = lines[event.event];
      logger[level](fields, message);
    }
  };
}

/** What a caller wrote stands in quotes: it may be a secret in the wrong place. */
function withoutQuotes(reason: string): string {
  return reason.replace(/(?<=\W)'.*'(?=\W)/s, "'…'");
}
