import type { Logger } from "../../base/logger.ts";

/** How often refusals are reported, in milliseconds. */
export const REPORT_EVERY = 10_000;

/** What is counted together. Every member is configured, not what a caller wrote: so there are only so many. */
export interface Refused {
  readonly event: "client_secrets_refused" | "operator_secrets_refused" | "secrets_queue_full" | "attempts_slowed";
  readonly tenant: string;
  /** The client or operator; absent: one that there is not. */
  readonly client?: string | undefined;
  readonly operator?: string | undefined;
}

const MESSAGES = {
  client_secrets_refused: "wrong client secrets were refused",
  operator_secrets_refused: "wrong operator secrets were refused",
  secrets_queue_full: "too many secrets waited to be checked, and further ones were refused unread",
  attempts_slowed: "too many attempts after wrong secrets were waiting, and further ones were refused unread",
} satisfies Record<Refused["event"], string>;

/** Counts refusals, so that the log has a line for many of them. */
export class RefusalCounts {
  readonly #counts = new Map<string, { readonly refused: Refused; count: number; address: string | undefined }>();

  count(refused: Refused, address: string | undefined): void {
    const { event, tenant, client, operator } = refused;
    const key = JSON.stringify([event, tenant, client ?? null, operator ?? null]);
    const counted = this.#counts.get(key) ?? { refused, count: 0, address };
    counted.count += 1;
    counted.address = address;
    this.#counts.set(key, counted);
  }

  /** Writes a line for each that was counted since the last report. `lastAddress`: where the latest came from. */
  report(logger: Logger): void {
    for (const { refused, count, address } of this.#counts.values()) {
      logger.warn({ ...refused, count, lastAddress: address }, MESSAGES[refused.event]);
    }
    this.#counts.clear();
  }
}
