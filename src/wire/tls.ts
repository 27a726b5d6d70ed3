import type { SecureVersion } from "node:tls";

/** A certificate chain and its private key, both in PEM. */
interface TlsKeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The lowest version of TLS that is spoken; TLS 1.2 by default. */
  readonly minVersion?: SecureVersion;
  /** Whose certificates clients are asked for; absent: they are asked for none. */
  readonly clients?: TrustedClients | undefined;
}

/** The certificates that clients may have (RFC 8705). */
interface TrustedClients {
  /** The certificates of their authorities, in PEM. */
  readonly ca: Buffer;
  /** Whether a client without one of theirs is refused a connection. */
  readonly required: boolean;
}

/** A pair as Node's servers take it. */
interface ServerPair extends Pick<TlsKeyPair, "cert" | "key"> {
  readonly minVersion: SecureVersion;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** What servers prove themselves with. It can be replaced while they run: every later handshake uses the new pair. */
export class ServerTls {
  readonly #servers = new Set<(pair: ServerPair) => void>();
  #pair: ServerPair;

  constructor(pair: TlsKeyPair) {
    this.#pair = complete(pair);
  }

  /** The pair that counts now. */
  get pair(): ServerPair {
    return this.#pair;
  }

  /** Tells a server of each pair that replaces the one before it, until the returned function is called. */
  onReplace(server: (pair: ServerPair) => void): () => void {
    this.#servers.add(server);
    return () => this.#servers.delete(server);
  }

  /**
   * Replaces the pair, which must have been checked. Connections that exist stay as they are, and clients are asked for
   * certificates as from the start.
   */
  replace(pair: TlsKeyPair): void {
    this.#pair = complete(pair);
    for (const tell of this.#servers) tell(this.#pair);
  }
}

/** Node's own default can be lowered by an option. */
function complete({ minVersion = "TLSv1.2", clients, ...pair }: TlsKeyPair): ServerPair {
  if (clients === undefined) return { ...pair, minVersion, requestCert: false, rejectUnauthorized: false };
  return { ...pair, minVersion, ca: clients.ca, requestCert: true, rejectUnauthorized: clients.required };
}
