import type { Listener, ReloadScope } from "../events.ts";
import type { Instruments } from "./instruments.ts";

/** Tells whether the last reload could be used. The returned listener hears of reloads. */
export function watchReloads(instruments: Instruments): Listener {
  const successful: Record<ReloadScope, boolean> = { configuration: true, certificate: true };
  instruments.gauge(
    "mintmark_last_reload_successful",
    "1 if what was read again last could be used, or nothing was; 0 if the one before it is still in use.",
    ["scope"],
    "min",
    () =>
      Object.entries(successful).map(([scope, isSuccessful]) => ({ labels: { scope }, value: Number(isSuccessful) })),
  );
  return (event) => {
    if (event.event === "reload_refused") successful[event.scope] = false;
    if (event.event !== "configuration_reloaded") return;
    successful[event.scope] = true;
    // The configuration names the certificate, which is read with it.
    if (event.scope === "configuration") successful.certificate = true;
  };
}

/** Tells when the certificate of the ports expires, if there is one. `read` is called at each scrape. */
export function watchCertificate(instruments: Instruments, read: () => number | undefined): void {
  instruments.gauge(
    "mintmark_tls_certificate_expiry_timestamp_seconds",
    "When the certificate of the ports expires, as a Unix timestamp.",
    [],
    "min",
    () => {
      const expiry = read();
      return expiry === undefined ? [] : [{ value: expiry }];
    },
  );
}
