import { X509Certificate } from "node:crypto";
import { type Instant, thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/config.ts";
import { TLS_DOORS, type TlsMaterial } from "../config/tls.ts";
import { ServerTls } from "../wire/tls.ts";

/** What each door proves itself with. */
export type DoorsTls = Readonly<Record<keyof ReturnType<typeof keyPairsOf>, ServerTls>>;

/** What the doors prove themselves with; undefined if the configuration has no TLS. Warns as {@link warnOfDates} does. */
export function openTls({ tls }: Pick<Config, "tls">, logger: Logger): DoorsTls | undefined {
  if (tls === undefined) return undefined;
  warnOfDates(tls, thisMachine.wall(), logger);
  const { http, rpc, operator } = keyPairsOf(tls);
  return { http: new ServerTls(http), rpc: new ServerTls(rpc), operator: new ServerTls(operator) };
}

/** Has the doors use another configuration. */
export function replaceTls(doors: DoorsTls, tls: TlsMaterial): void {
  const pairs = keyPairsOf(tls);
  for (const door of TLS_DOORS) doors[door].replace(pairs[door]);
}

/** Warns of a certificate that clients refuse because of its dates. It is used nevertheless, as the one before it may be no better. */
export function warnOfDates({ certificate, source }: TlsMaterial, now: Instant, logger: Logger): void {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const about = { certificate: source.certificate, validFrom: validFromDate, validTo: validToDate };
  if (validToDate.getTime() <= now) logger.warn(about, "the certificate has expired, so clients refuse it: renew it");
  if (validFromDate.getTime() > now) logger.warn(about, "the certificate is not valid yet, so clients refuse it");
}

/** The key pair of a configuration, and the certificates that each door asks for. */
function keyPairsOf({ certificate, key, minVersion, clients }: TlsMaterial) {
  const pairFor = (door: (typeof TLS_DOORS)[number]) => {
    const trusted = clients[door];
    const asked = trusted && { ca: Buffer.from(trusted.ca), required: trusted.required };
    return { cert: Buffer.from(certificate), key: Buffer.from(key), minVersion, clients: asked };
  };
  return { http: pairFor("http"), rpc: pairFor("rpc"), operator: pairFor("operator") };
}
