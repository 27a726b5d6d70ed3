import { ServerCredentials } from "@grpc/grpc-js";
import type { ServerTls } from "../wire/tls.ts";

/** A server's credentials that follow a pair which may be replaced. grpc-js passes each on to its HTTP/2 servers. */
export class ReplaceableCredentials extends ServerCredentials {
  constructor(tls: ServerTls) {
    const { requestCert, rejectUnauthorized } = tls.pair;
    super({ requestCert, rejectUnauthorized }, tls.pair);
    tls.onReplace((pair) => this.updateSecureContextOptions(pair));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
