import type { CountedRefusal, Listener } from "../../telemetry/events.ts";

/** How often refusals are reported, in milliseconds. */
export const REPORT_EVERY = 10_000;

/**
 * Counts refusals, so that a flood of them is one event, not one each. What is counted together is named by the
 * configuration, never by the caller, so that the number of counts is bounded.
 */
export class RefusalCounts {
  readonly #counts = new Map<
    string,
    { readonly refused: CountedRefusal; count: number; address: string | undefined }
  >();

  /** Adds one refusal. `address`: where it came from. */
  count(refused: CountedRefusal, address: string | undefined): void {
    const { event, tenant, client, operator } = refused;
    const key = JSON.stringify([event, tenant, client ?? null, operator ?? null]);
    const counted = this.#counts.get(key) ?? { refused, count: 0, address };
    counted.count += 1;
    counted.address = address;
    this.#counts.set(key, counted);
  }

  /** Emits one event per count since the last report. `lastAddress` is where the latest refusal came from. */
  report(listener: Listener): void {
    for (const { refused, count, address } of this.#counts.values()) {
      listener({ ...refused, count, lastAddress: address });
    }
    this.#counts.clear();
  }
}
