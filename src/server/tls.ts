import { X509Certificate } from "node:crypto";
import { type Instant, thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import type { TlsMaterial } from "../config/tls.ts";
import { ServerTls } from "../wire/tls.ts";

/** What the doors prove themselves with; undefined if the configuration has no TLS. Warns as {@link warnOfDates} does. */
export function openTls({ tls }: Pick<Config, "tls">, logger: Logger): ServerTls | undefined {
  if (tls === undefined) return undefined;
  warnOfDates(tls, thisMachine.wall(), logger);
  return new ServerTls(keyPairOf(tls));
}

/** Warns of a certificate that clients refuse because of its dates. It is used nevertheless, as the one before it may be no better. */
export function warnOfDates({ certificate, source }: TlsMaterial, now: Instant, logger: Logger): void {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const about = { certificate: source.certificate, validFrom: validFromDate, validTo: validToDate };
  if (validToDate.getTime() <= now) logger.warn(about, "the certificate has expired, so clients refuse it: renew it");
  if (validFromDate.getTime() > now) logger.warn(about, "the certificate is not valid yet, so clients refuse it");
}

/** The key pair of a configuration, for servers. */
export function keyPairOf({ certificate, key, minVersion }: TlsMaterial): ServerTls["pair"] {
  return { cert: Buffer.from(certificate), key: Buffer.from(key), minVersion };
}
