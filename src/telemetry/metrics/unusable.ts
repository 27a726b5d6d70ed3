import type { Instruments } from "./instruments.ts";

/** How many of what is stored cannot be used as it is, by what it is. */
export type Unusable = Readonly<Record<"tenant" | "client" | "keys", number>>;

/** Tells how many stored entries cannot be used. `read` is called at each scrape. */
export function watchUnusable(instruments: Instruments, read: () => Unusable): void {
  instruments.gauge(
    "mintmark_unusable_entries",
    "Registered tenants and clients that are not used as they are written, and tenants whose keys do not open.",
    ["kind"],
    "max",
    () => Object.entries(read()).map(([kind, value]) => ({ labels: { kind }, value })),
  );
}
