import type { Client, Tenant } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import { clientAuthenticationMethods } from "./index.ts";
import type { ClientAuthenticationMethod, MethodContext, Presentation } from "./method.ts";
import { clientRefused } from "./refusals.ts";

/**
 * A client whose credentials were checked. Only {@link authenticate} can make one, so an operation that takes one
 * cannot forget the check.
 */
class ProvenClient {
  /** No other object has its type. */
  declare protected readonly proven: true;
  readonly tenant: Tenant;
  readonly client: Client;
  /** Whether it presented a valid proof, such as its secret; false for a public client that presented none. */
  readonly hasProof: boolean;

  constructor(tenant: Tenant, client: Client, hasProof: boolean) {
    this.tenant = tenant;
    this.client = client;
    this.hasProof = hasProof;
  }
}

/** A {@link ProvenClient}, whose class stays here. */
export type AuthenticatedClient = ProvenClient;

/** What the client authenticates for: a refresh may need no secret although other operations do. */
type Purpose = "refresh" | "other";

/**
 * Authenticates the client (RFC 6749 section 2.3) by the one method that it uses.
 *
 * Throws OAuthError `invalid_client`; `invalid_request` if the caller uses two methods at once, or uses one in a way
 * that the tenant does not accept; RateLimitedError if too many attempts have failed.
 */
export async function authenticate(
  caller: Caller,
  context: MethodContext,
  purpose: Purpose = "other",
  methods = clientAuthenticationMethods,
): Promise<AuthenticatedClient> {
  const { tenant, attempts } = context;
  const presented = presentedBy(caller, context, methods);
  context.note({ authentication: presented.method });
  const client = tenant.clients.get(presented.clientId);
  const { clientId: id } = presented;
  const attempt = { tenant, role: "client", id, isKnown: client !== undefined, address: caller.remoteAddress } as const;
  // Verified even for an unknown client, so that its refusal counts like a wrong secret.
  const hasProof = presented.hasProof && (await attempts.make(attempt, () => presented.verify(client)));
  // One message for every failure, so that a guesser does not learn what was wrong.
  const refused = `The client is unknown, or its ${presented.proof} is missing or wrong.`;
  if (client === undefined) throw clientRefused(refused);
  const needsProof = client.requireSecret && (purpose !== "refresh" || client.requireRefreshSecret);
  // A wrong secret is refused even if none is needed: the caller meant to prove something, and failed.
  if (!hasProof && (presented.hasProof || needsProof)) throw clientRefused(refused, client);
  // A disabled client may still present a refresh token: its grant is refused then (`invalid_grant`), which tells the
  // client to stop trying.
  if (!client.enabled && purpose !== "refresh") throw clientRefused("The client is disabled.", client);
  return new ProvenClient(tenant, client, hasProof);
}

function presentedBy(
  caller: Caller,
  context: MethodContext,
  methods: readonly ClientAuthenticationMethod[],
): Presentation {
  let chosen: Presentation | undefined;
  for (const method of methods) {
    const presented = method.read(caller, context);
    if (presented === undefined) continue;
    // RFC 6749 section 2.3: at most one method per request. An id alone is none: other methods may send it too.
    if (chosen?.hasProof && presented.hasProof)
      throw new OAuthError("invalid_request", "The client uses two authentication methods at once.");
    if (chosen === undefined || presented.hasProof) chosen = presented;
  }
  if (chosen !== undefined) return chosen;
  throw clientRefused("client_id is required. Send it with client_secret as Basic credentials in authorization.");
}

/**
 * Throws OAuthError `invalid_client` if the client presented no proof. `purpose` completes "A client needs its secret
 * to …".
 */
export function requireProof({ client, hasProof }: AuthenticatedClient, purpose: string): void {
  if (!hasProof) throw clientRefused(`A client needs its secret to ${purpose}.`, client);
}
