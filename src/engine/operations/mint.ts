import { OFFLINE_ACCESS } from "../../token/scope.ts";
import { type AuthenticatedClient, requireProof } from "../clients/authenticate.ts";
import { confirmationIn } from "../confirmation.ts";
import type { RequestContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import { type Single, useOnce } from "../first-use.ts";
import type { GrantHandler } from "../grant.ts";
import { checkParameters } from "../parameters.ts";
import { approve, boundTo } from "../policy.ts";
import { nextNonce, type Possession, possessionOf } from "../possession.ts";
import { Problems } from "../problems.ts";
import { type MintRequest, REFRESH_GRANT_TYPE, type TokenSet } from "../request.ts";
import { checkResources } from "../resources.ts";
import { subjectOf } from "../subjects.ts";
import { findLiveAccessToken } from "../tokens/access-token.ts";
import { issue } from "../tokens/issue.ts";
import { findSourceToken } from "../tokens/source-token.ts";
import { decidedAtMint, noteOfActor } from "./decided.ts";
import type { Done } from "./operation.ts";

/** Mints tokens by an extension grant (RFC 6749 section 4.5). Throws OAuthError, and changes nothing if it refuses. */
export async function mint(
  context: RequestContext,
  client: AuthenticatedClient,
  request: MintRequest,
): Promise<Done<TokenSet>> {
  const { now } = context.reading;
  const problems = new Problems();
  const grant = findGrant(context.grants, request.grantType);
  context.note({ grantType: grant.grantType });
  checkMayUse(client, grant);
  checkParameters(request, grant, client.client, context.tenant.limits, problems);
  checkMayRefresh(request, grant);
  checkResources(request, client.client, context.tenant);
  const confirmation = confirmationIn(request, client.client, problems);
  const possession = await possessionOf(context, client.client);
  // The grant decides what to grant, and knows nothing of policies, keys or rows.
  const decision = await grant.decide(request, {
    client,
    now,
    problems,
    authorities: context.authorities,
    noteFlaw: (because) => context.note({ because }),
    isProven: (cnf) => possession.confirms(cnf),
    liveAccessToken: (text) => findOwnAccessToken(context, text, possession),
    sourceToken: (text, kind, of) =>
      findSourceToken(of === "actor" ? notingActor(context) : context, client.client, text, kind),
  });
  if (decision.instead !== undefined && confirmation !== undefined)
    problems.add("confirmation is for access tokens alone.");
  // A grant refuses before it asks another service. One that forgets to must still not mint.
  problems.refuse();
  // The client's policy is applied here, so that no grant can forget it.
  const approval = boundTo(
    possession.binding,
    approve({ ...decision, ...(confirmation && { confirmation }) }, request, grant, client, now),
  );
  context.note({ subject: subjectOf(approval.subject, client.client), ...noteOfActor(approval) });
  if (!grant.refreshable && approval.scopes.includes(OFFLINE_ACCESS)) {
    throw new Error(
      `The grant ${grant.grantType} granted offline_access although it declares that it cannot be refreshed.`,
    );
  }
  context.note({ decided: decidedAtMint(approval, request, client.client) });
  if (decision.single !== undefined) await requireFirstUse(decision.single, context);
  const { tokens, jti, family } = await issue(approval, client, context);
  const { grantType, accessTokenType } = approval;
  const { issuedTokenType } = decision;
  const answer = { ...tokens, issuedTokenType, dpopNonce: nextNonce(context, client.client) };
  return { answer, event: { event: "minted", grantType, accessTokenType, jti, family } };
}

/** A token that is bound to a key is nothing to whoever cannot prove to hold the key. */
async function findOwnAccessToken(context: RequestContext, text: string, possession: Possession) {
  const token = await findLiveAccessToken(context, text, context.reading.now);
  if (token === undefined || possession.confirms(token.claims.cnf)) return token;
  context.note({ because: "bound to another key" });
  return undefined;
}

/** A request is about its subject token: of an actor's, its event says only who that is, and why it is not active. */
function notingActor(context: RequestContext): RequestContext {
  return {
    ...context,
    note: ({ because, subject }) => context.note({ because, ...(subject !== undefined && { actor: subject }) }),
  };
}

/** Names the known grant types, so that a caller who left one out or misspelt it can correct it. */
function findGrant(grants: ReadonlyMap<string, GrantHandler>, grantType: string | undefined): GrantHandler {
  if (grantType === undefined) throw new OAuthError("invalid_request", "grant_type is required.");
  const grant = grants.get(grantType);
  if (grant !== undefined) return grant;
  if (grantType === REFRESH_GRANT_TYPE) {
    throw new OAuthError("unsupported_grant_type", "Mint does not take the grant_type refresh_token: call Refresh.");
  }
  const known = [...grants.keys()].join(", ");
  throw new OAuthError(
    "unsupported_grant_type",
    `grant_type must be one of ${known}, or ${REFRESH_GRANT_TYPE} (over RPC: call Refresh).`,
  );
}

/** Throws OAuthError `invalid_grant` if what the decision is based on was used before, and StoreUnavailableError. */
async function requireFirstUse(single: Single, context: RequestContext): Promise<void> {
  const flaw = await useOnce(context, single);
  if (flaw !== undefined) throw new OAuthError("invalid_grant", USED_UP[flaw]);
}

const USED_UP = { "used before": "The assertion was used before.", expired: "The assertion has expired." } as const;

/** Throws OAuthError `invalid_scope` (RFC 6749 section 5.2) if a refresh token is asked for that the grant never gives. */
function checkMayRefresh({ scopes }: MintRequest, { grantType, parameters, refreshable }: GrantHandler): void {
  if (refreshable || !parameters.has("scopes") || !scopes?.includes(OFFLINE_ACCESS)) return;
  throw new OAuthError(
    "invalid_scope",
    `The scope '${OFFLINE_ACCESS}' is not allowed for the grant_type ${grantType}: it gives no refresh token.`,
  );
}

/** Throws OAuthError `unauthorized_client` (RFC 6749 section 5.2), or `invalid_client` if the grant needs a proof. */
function checkMayUse(authenticated: AuthenticatedClient, grant: GrantHandler): void {
  const { client } = authenticated;
  if (grant.clientProof === "required") requireProof(authenticated, `use the grant_type ${grant.grantType}`);
  if (!client.grants.has(grant.grantType)) {
    throw new OAuthError("unauthorized_client", `The grant_type ${grant.grantType} is not allowed for this client.`);
  }
}
