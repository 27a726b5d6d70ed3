import type { Logger } from "../base/logger.ts";
import type { Event, Listener } from "./events.ts";

type Level = keyof Logger;

/** The level and the message of each event. */
const lines = {
  minted: ["info", "tokens were minted"],
  refreshed: ["info", "a grant was refreshed"],
  introspected: ["debug", "a token was introspected"],
  revoked: ["info", "a token, a grant or a subject was revoked"],
  client_revoked: ["warn", "an operator revoked a client's tokens"],
  key_rotated: ["warn", "an operator rotated a key"],
  keys_listed: ["info", "an operator listed the keys"],
  registry_read: ["debug", "an operator read what is registered"],
  client_registered: ["warn", "an operator changed a client"],
  tenant_registered: ["warn", "an operator changed a tenant"],
  grants_listed: ["info", "an operator listed grants"],
  refused: ["info", "a request was refused"],
  client_refused: ["info", "a client was refused"],
  operator_refused: ["info", "an operator was refused"],
  rate_limited: ["info", "a request was refused by a limit"],
  overloaded: ["warn", "a request was refused, as the node is overloaded"],
  refresh_reused: ["warn", "a refresh token was used again: its grant is revoked"],
  key_made: ["info", "a key was made on schedule"],
  key_compromised: ["warn", "a key is compromised"],
  keys_resealed: [
    "warn",
    "keys of an earlier version were resealed: rows without a MAC are accepted until oldRowsUntil",
  ],
  tenant_purged: ["info", "the keys of a tenant that was deleted have gone, and its name is free"],
  rows_not_genuine: ["warn", "rows of the store were rejected: this mint did not write them, or they were changed"],
  registration_unusable: [
    "error",
    "a registered tenant or client is not used as it is written: it cannot be read, or breaks a rule",
  ],
  keys_unusable: ["error", "the keys of a tenant do not open: its requests are refused"],
  large_token: ["warn", "a large token was issued"],
  store_shared: ["warn", "another process uses the same SQLite file"],
  configuration_reloaded: ["info", "the configuration was read again"],
  restart_required: ["warn", "settings were changed that count only after a restart"],
  reload_refused: ["error", "the configuration was read again and cannot be used: the one before it stays"],
  clock_awaited: ["warn", "the machine's clock is behind the newest token: the start waits until it has caught up"],
  clock_behind: ["error", "this process's clock is behind another's: it issues and revokes nothing for now"],
  clock_caught_up: ["info", "this process's clock has caught up with the others'"],
  authority_unavailable: ["warn", "the keys of an authority could not be fetched"],
  client_secrets_refused: ["warn", "wrong client secrets were refused"],
  operator_secrets_refused: ["warn", "wrong operator secrets were refused"],
  secrets_queue_full: ["warn", "too many secrets were waiting to be checked, and further ones were refused unchecked"],
} satisfies Record<Event["event"], readonly [Level, string]>;

type Refusal = Extract<Event, { readonly code: unknown }>;

/** The most refusals of one kind that are logged for one tenant in a second; further ones are only counted. */
const MAX_REFUSALS = 50;

/** One tenant's refusals of one kind, in a second. */
interface Window {
  readonly since: number;
  count: number;
}

/**
 * Writes every event to the log. A refusal is logged with its reason and its request id. Only the audit has subjects: more
 * people read a log.
 */
export class EventLog {
  readonly #logger: Logger<object>;
  readonly #elapsed: () => number;
  /** By tenant and kind, so that a flood of one kind does not suppress the others. */
  readonly #windows = new Map<string, Window>();

  /** `elapsed`: a monotonic reading in milliseconds. */
  constructor(logger: Logger, elapsed: () => number) {
    this.#logger = logger;
    this.#elapsed = elapsed;
  }

  /** Logs one event. What was decided has a line of its own, for those who want to know it all. */
  readonly listen: Listener = (event) => {
    if (!("decided" in event)) {
      this.#log(event);
      return;
    }
    const { decided, ...rest } = event;
    this.#logger.debug({ requestId: event.requestId, ...decided }, "what was decided");
    this.#log(rest);
  };

  #log(event: Event): void {
    if (!("code" in event)) {
      const [level, message] = lines[event.event];
      this.#logger[level]({ ...event, subject: undefined, actor: undefined }, message);
      return;
    }
    if (event.event !== "refresh_reused" && this.#isTooMany(event)) return;
    const { cause, subject: _, actor: __, ...fields } = event;
    if (event.code === "server_error") this.#logger.error({ ...fields, err: cause }, "an operation failed");
    else if (cause !== undefined)
      this.#logger.warn({ ...fields, err: cause }, "an operation was temporarily unavailable");
    else {
      const [level, message] = lines[event.event];
      this.#logger[level](fields, message);
    }
  }

  /** Logs how many refusals were only counted. Call it regularly, and at the end. */
  report(): void {
    for (const [key, { count }] of this.#windows) this.#tell(key, count);
    this.#windows.clear();
  }

  /** Whether a refusal exceeds the limit of its second. */
  #isTooMany(refusal: Refusal): boolean {
    const key = JSON.stringify([refusal.tenant ?? null, whose(refusal)]);
    const now = this.#elapsed();
    let window = this.#windows.get(key);
    if (window === undefined || now >= window.since + 1_000) {
      this.#tell(key, window?.count ?? 0);
      window = { since: now, count: 0 };
      this.#windows.set(key, window);
    }
    window.count += 1;
    return window.count > MAX_REFUSALS;
  }

  #tell(key: string, count: number): void {
    if (count <= MAX_REFUSALS) return;
    const [tenant, by] = JSON.parse(key) as [string | null, string];
    const fields = { tenant: tenant ?? undefined, whose: by, count: count - MAX_REFUSALS };
    this.#logger.warn(fields, "some refusals were not logged one by one");
  }
}

/** Whose fault a refusal is. If there is a cause, such as an unavailable store, it is the mint's. */
function whose({ event, cause }: Refusal): "mint" | "operators" | "clients" {
  if (cause !== undefined) return "mint";
  return event === "operator_refused" ? "operators" : "clients";
}
