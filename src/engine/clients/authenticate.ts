import type { Client, Tenant } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import { clientAuthenticationMethods } from "./index.ts";
import type { ClientAuthenticationMethod, MethodContext, Presentation } from "./method.ts";
import { clientRefused } from "./refusals.ts";

const proven: unique symbol = Symbol("proven");

/** A client whose credentials were checked. Only {@link authenticate} can make one. */
export interface AuthenticatedClient {
  readonly [proven]: true;
  readonly tenant: Tenant;
  readonly client: Client;
  /** Whether it presented a right proof, such as its secret, rather than none if none is needed. */
  readonly hasProof: boolean;
}

/** Which operation the client authenticates for: a refresh may need no secret where others do. */
type Purpose = "refresh" | "other";

/** One text for every way to fail: whoever guesses is not told what was wrong. */
const REFUSED = "The client is unknown, or its secret is missing or wrong.";

/**
 * Checks who the client is (RFC 6749 section 2.3), by the one method that it uses.
 *
 * Throws OAuthError `invalid_client`; `invalid_request` if it uses two methods at once, or one in a way that its tenant
 * does not take.
 */
export async function authenticate(
  caller: Caller,
  context: MethodContext,
  purpose: Purpose = "other",
  methods = clientAuthenticationMethods,
): Promise<AuthenticatedClient> {
  const { tenant } = context;
  const presented = presentedBy(caller, context, methods);
  const client = tenant.clients.get(presented.clientId);
  const hasProof = await presented.verify(client);
  if (client === undefined) throw clientRefused(REFUSED);
  const needsProof = client.requireSecret && (purpose !== "refresh" || client.requireRefreshSecret);
  if (!hasProof && (presented.hasProof || needsProof)) throw clientRefused(REFUSED, client);
  // What a disabled client was granted is not refreshed: its grants are refused, rather than the client.
  if (!client.enabled && purpose !== "refresh") throw clientRefused("The client is disabled.", client);
  return { [proven]: true, tenant, client, hasProof };
}

function presentedBy(
  caller: Caller,
  context: MethodContext,
  methods: readonly ClientAuthenticationMethod[],
): Presentation {
  const presented = methods.flatMap((method) => method.read(caller, context) ?? []);
  const [first, second] = presented;
  // RFC 6749 section 2.3: one method in each request.
  if (second !== undefined) throw new OAuthError("invalid_request", "The client authenticates by two methods at once.");
  if (first !== undefined) return first;
  throw clientRefused("client_id is required. Send it with client_secret as Basic credentials in authorization.");
}

/** Throws OAuthError `invalid_client` if the client came without a proof. `purpose`: what it is needed for. */
export function requireProof(client: AuthenticatedClient, purpose: string): void {
  if (!client.hasProof) throw new OAuthError("invalid_client", `A client needs its secret to ${purpose}.`);
}
