import { matchesAnyGlob } from "../base/glob.ts";
import { CLIENT_CREDENTIALS, type Client, type Tenant, TOKEN_EXCHANGE } from "../registry/tenant.ts";
import { ACCESS_TOKEN_PROFILES } from "../token/access-token-profile.ts";
import type { Ancestor } from "../token/ancestor.ts";
import { OAuthError } from "./errors.ts";
import type { MintRequest } from "./request.ts";

/** The subject of a token that has one, and where it comes from. */
interface Subject {
  readonly grantType: string;
  readonly subject?: string | undefined;
  /** The tokens of this mint that it is derived from. */
  readonly ancestors?: readonly Pick<Ancestor, "subject">[] | undefined;
}

/** The parameter that the subject of a request came from, as a message names it. */
export function sourceOfSubject({ subject, accessToken, idToken, subjectToken, assertion }: MintRequest): string {
  if (assertion !== undefined) return "The subject of assertion";
  if (subjectToken !== undefined) return "The subject of subject_token";
  if (accessToken !== undefined) return "The subject of access_token";
  if (idToken !== undefined) return "The subject of id_token";
  return subject === undefined ? "The arbitrary claim: 'sub'" : "subject";
}

/**
 * Throws OAuthError `invalid_request` if the client may not mint for a subject. Only `client_credentials` gives a client
 * itself. `source`: see {@link sourceOfSubject}.
 */
export function checkGrantedSubject(
  { grantType, subject, ancestors }: Subject,
  client: Client,
  tenant: Tenant,
  source = "The subject",
): void {
  if (subject === undefined || (grantType === CLIENT_CREDENTIALS && subject === client.id)) return;
  checkAllowed(subject, client, tenant);
  // Nobody chose a subject that a token of this mint already has.
  if (ancestors?.some((ancestor) => ancestor.subject === subject)) return;
  checkDistinct(subject, client, tenant, source);
}

/**
 * Throws OAuthError `invalid_request` if the client may not revoke what a subject has. It may if the subject is itself,
 * or another that it is allowed: also one that has become a client's id since.
 */
export function checkRevocableSubject(subject: string, client: Client, tenant: Tenant): void {
  if (subject !== client.id || !isOwnSubject(client)) checkAllowed(subject, client, tenant);
}

function checkAllowed(subject: string, { allowedSubjects }: Client, { limits }: Tenant): void {
  if (subject.length > limits.subjectLength)
    throw new OAuthError("invalid_request", `The subject is too long: at most ${limits.subjectLength} characters.`);
  if (!matchesAnyGlob(allowedSubjects, subject))
    throw new OAuthError("invalid_request", "The subject is not allowed for this client.");
}

/**
 * Nobody else may be the subject that a client is (RFC 9068 section 5): resource servers could not tell them apart. A
 * glob is not meant for it, so only the id itself in `allowedSubjects` allows it. `source`: as a message names it.
 */
export function checkDistinct(subject: string, { allowedSubjects }: Client, { clients }: Tenant, source: string): void {
  const named = clients.get(subject);
  if (named === undefined || !isOwnSubject(named) || allowedSubjects?.includes(subject)) return;
  throw new OAuthError("invalid_request", `${source} must not be the id of a client that gets tokens for itself.`);
}

/** Whether a client's id is a subject of its tenant: also one that acts, which an exchange needs no token for. */
function isOwnSubject(client: Client): boolean {
  const { grants } = client;
  return grants.has(CLIENT_CREDENTIALS) || grants.has(TOKEN_EXCHANGE) || subjectOf(undefined, client) !== undefined;
}

/**
 * Whose tokens a client gets by a grant with or without a subject: in some profiles it is its own subject if there is no
 * other (RFC 9068 section 2.2). Undefined: nobody's.
 */
export function subjectOf(subject: string | undefined, client: Client | undefined): string | undefined {
  if (subject !== undefined || client === undefined) return subject;
  return ACCESS_TOKEN_PROFILES[client.accessTokenProfile].isOfClient ? client.id : undefined;
}
