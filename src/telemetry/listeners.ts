import type { Logger } from "../base/logger.ts";
import type { Listener } from "./events.ts";

/** Makes one listener of several. It never throws: if one of them does, that is logged, and the others hear the event. */
export function heardByAll(listeners: readonly Listener[], logger: Logger): Listener {
  return (event) => {
    for (const listen of listeners) {
      try {
        listen(event);
      } catch (err) {
        tellFailure(logger, event.event, err);
      }
    }
  };
}

/** The log may be what failed: then nobody can be told, and the request must not fail for it. */
function tellFailure(logger: Logger, failed: string, err: unknown): void {
  try {
    logger.error({ failed, err }, "an event was not heard by everyone");
  } catch {}
}
