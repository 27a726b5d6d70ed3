import type { Tenant } from "../../registry/tenant.ts";
import { SIGNATURE_ALGORITHMS } from "../../token/signed-jwt.ts";
import { selfSignedTlsClientAuth, tlsClientAuth } from "./certificate.ts";
import { clientSecret } from "./client-secret.ts";
import type { ClientAuthenticationMethod } from "./method.ts";
import { privateKeyJwt } from "./private-key-jwt.ts";
import { spiffeJwt } from "./spiffe-jwt.ts";

/** Every client authentication method. At most one may be used in a request. */
export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [
  clientSecret,
  privateKeyJwt,
  spiffeJwt,
  tlsClientAuth,
  selfSignedTlsClientAuth,
];

/** What a tenant's metadata says of client authentication. */
export interface ClientAuthentication {
  /** The methods' names in the metadata (RFC 8414 section 2). */
  readonly methods: readonly string[];
  /** The algorithms of their signatures; empty if no method has any. */
  readonly signingAlgorithms: readonly string[];
}

/** What the enabled clients of a tenant authenticate with; without any, secrets. Looks at every client. */
export function clientAuthenticationOf(tenant: Tenant): ClientAuthentication {
  const unseen = new Set(clientAuthenticationMethods);
  for (const client of tenant.clients.values()) {
    for (const method of unseen) if (client.enabled && method.mayUse(client, tenant)) unseen.delete(method);
    if (unseen.size === 0) break;
  }
  const used = clientAuthenticationMethods.filter((method) => !unseen.has(method));
  const listed = used.length === 0 ? [clientSecret] : used;
  return {
    methods: listed.flatMap(({ names }) => names),
    signingAlgorithms: listed.some(({ isSigned }) => isSigned) ? SIGNATURE_ALGORITHMS : [],
  };
}
