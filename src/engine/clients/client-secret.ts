import type { Client, Tenant } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import { type BasicCredentials, parseBasic } from "./basic.ts";
import type { ClientAuthenticationMethod } from "./method.ts";
import { clientRefused, MALFORMED_BASIC } from "./refusals.ts";

/**
 * A client's id and secret (RFC 6749 section 2.3.1), as Basic credentials in the header or in the form; the header wins
 * if both are sent. An id without a secret is a public client's.
 */
export const clientSecret: ClientAuthenticationMethod = {
  names: ["client_secret_basic", "client_secret_post"],
  isSigned: false,
  mayUse: ({ secrets }) => secrets.length > 0,

  read(caller, { tenant, secrets }) {
    const presented = presentedBy(caller, tenant);
    if (presented === undefined) return undefined;
    const { id, secret } = presented;
    const named = tenant.clients.get(id);
    // Before any hashing: a secret of a megabyte must not cost one.
    checkLength(id, "client_id", tenant, named);
    checkLength(secret, "client_secret", tenant, named);
    const form = caller.authorization === undefined ? "client_secret_post" : "client_secret_basic";
    return {
      method: secret === undefined ? "none" : form,
      clientId: id,
      proof: "secret",
      hasProof: secret !== undefined,
      verify(client) {
        if (secret === undefined) return Promise.resolve(false);
        const presenter = { tenant: tenant.id, role: "client", id, isKnown: client !== undefined } as const;
        return secrets.verify({ ...presenter, address: caller.remoteAddress }, client?.secrets ?? [], secret);
      },
    };
  },
};

/** The id that a caller names without a secret of that client; undefined if there is none, or a secret too. */
export function idIn(caller: Caller, tenant: Tenant): string | undefined {
  const presented = presentedBy(caller, tenant);
  return presented?.secret === undefined ? presented?.id : undefined;
}

function presentedBy(caller: Caller, tenant: Tenant): BasicCredentials | undefined {
  const { authorization, clientId, clientSecret } = caller;
  if (authorization === undefined) return clientId === undefined ? undefined : { id: clientId, secret: clientSecret };
  const basic = parseBasic(authorization);
  if (basic === undefined) throw clientRefused(MALFORMED_BASIC);
  const cameTwice = clientSecret !== undefined || (clientId !== undefined && clientId !== basic.id);
  if (tenant.strictClientAuthentication && cameTwice) {
    throw new OAuthError(
      "invalid_request",
      "Client credentials came twice: send the authorization header or client_id and client_secret, not both.",
    );
  }
  return basic;
}

function checkLength(text: string | undefined, parameter: string, { limits }: Tenant, named: Client | undefined): void {
  if (text === undefined || text.length <= limits.credentialLength) return;
  const message = `${parameter} is too long: at most ${limits.credentialLength} characters.`;
  throw clientRefused(message, named, "invalid_request");
}
