import type { SecureVersion } from "node:tls";

/** A certificate chain and its private key, both in PEM. */
interface TlsKeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The lowest version of TLS that is spoken; TLS 1.2 by default. */
  readonly minVersion?: SecureVersion;
}

/** What servers prove themselves with. It can be replaced while they run: every later handshake uses the new pair. */
export class ServerTls {
  readonly #servers = new Set<(pair: Required<TlsKeyPair>) => void>();
  #pair: Required<TlsKeyPair>;

  constructor(pair: TlsKeyPair) {
    this.#pair = complete(pair);
  }

  /** The pair that counts now. */
  get pair(): Required<TlsKeyPair> {
    return this.#pair;
  }

  /** Tells a server of each pair that replaces the one before it, until the returned function is called. */
  onReplace(server: (pair: Required<TlsKeyPair>) => void): () => void {
    this.#servers.add(server);
    return () => this.#servers.delete(server);
  }

  /** Replaces the pair, which must have been checked. Connections that exist stay as they are. */
  replace(pair: TlsKeyPair): void {
    this.#pair = complete(pair);
    for (const tell of this.#servers) tell(this.#pair);
  }
}

/** Node's own default can be lowered by an option. */
function complete({ minVersion = "TLSv1.2", ...pair }: TlsKeyPair): Required<TlsKeyPair> {
  return { ...pair, minVersion };
}
