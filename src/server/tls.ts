import type { Config } from "../config/config.ts";
import type { TlsMaterial } from "../config/tls.ts";
import { ServerTls } from "../wire/tls.ts";

/** What the doors prove themselves with; undefined if the configuration has no TLS. */
export function openTls({ tls }: Pick<Config, "tls">): ServerTls | undefined {
  return tls && new ServerTls(keyPairOf(tls));
}

/** The key pair of a configuration, for servers. */
export function keyPairOf({ certificate, key, minVersion }: TlsMaterial): ServerTls["pair"] {
  return { cert: Buffer.from(certificate), key: Buffer.from(key), minVersion };
}
