import type { Logger } from "../../base/logger.ts";

/** How often refusals are reported, in milliseconds. */
export const REPORT_EVERY = 10_000;

/**
 * What is counted together. Every member comes from the configuration, never from the caller, so that the number of
 * counts is bounded.
 */
export interface Refused {
  readonly event: "client_secrets_refused" | "operator_secrets_refused" | "secrets_queue_full" | "attempts_slowed";
  readonly tenant: string;
  /** The client or operator; absent if no such one is configured. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
}

const MESSAGES = {
  client_secrets_refused: "wrong client secrets were refused",
  operator_secrets_refused: "wrong operator secrets were refused",
  secrets_queue_full: "too many secrets were waiting to be checked, and further ones were refused unchecked",
  attempts_slowed: "too many attempts were waiting after wrong secrets, and further ones were refused unchecked",
} satisfies Record<Refused["event"], string>;

/** Counts refusals, so that a flood of them costs the log one line, not one each. */
export class RefusalCounts {
  readonly #counts = new Map<string, { readonly refused: Refused; count: number; address: string | undefined }>();

  /** Adds one refusal. `address`: where it came from. */
  count(refused: Refused, address: string | undefined): void {
    const { event, tenant, client, operator } = refused;
    const key = JSON.stringify([event, tenant, client ?? null, operator ?? null]);
    const counted = this.#counts.get(key) ?? { refused, count: 0, address };
    counted.count += 1;
    counted.address = address;
    this.#counts.set(key, counted);
  }

  /** Logs one line per count since the last report. `lastAddress` is where the latest refusal came from. */
  report(logger: Logger): void {
    for (const { refused, count, address } of this.#counts.values()) {
      logger.warn({ ...refused, count, lastAddress: address }, MESSAGES[refused.event]);
    }
    this.#counts.clear();
  }
}
