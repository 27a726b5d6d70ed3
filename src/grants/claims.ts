import { toSeconds } from "../base/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import type { Audience, Decision, GrantContext } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import { InvalidValue, type MintParameter, type MintRequest } from "../engine/request.ts";
import { ownerOf } from "../engine/resources.ts";
import { ownResources, type Tenant } from "../registry/tenant.ts";
import { isMayAct, MAY_ACT_CLAIM } from "../token/actor.ts";
import { CUSTOM_PAYLOAD, isReservedClaim } from "../token/reserved-claims.ts";
import { IDENTITY_SCOPES, OFFLINE_ACCESS } from "../token/scope.ts";

/** The parameters of every grant. */
export const COMMON_PARAMETERS = [
  "arbitraryClaims",
  "customPayload",
  "accessTokenLifetime",
  "accessTokenType",
  "confirmation",
] as const satisfies readonly MintParameter[];

/** Returns a required string. If it is absent, notes a problem and returns an empty string. */
export function required(value: string | undefined, name: string, problems: Problems): string {
  requirePresence(value, name, problems);
  return value ?? "";
}

/** Notes a problem if a parameter is absent. */
export function requirePresence(value: unknown, name: string, problems: Problems): void {
  if (value === undefined) problems.add(`${name} is required.`);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Reads what all grants with scopes have in common: the caller's claims and payload as they appear in the token, and
 * what the caller adds to `amr` and `aud`. Notes every problem. `granted`: see {@link callersClaims}.
 */
export function readShared(request: MintRequest, context: GrantContext, granted = NONE) {
  const { problems } = context;
  const given = jsonObject(request.arbitraryClaims, "arbitrary_claims", problems);
  const amrs = stringArray(request.arbitraryAmrs, "arbitrary_amrs", problems);
  const audiences = stringArray(request.arbitraryAudiences, "arbitrary_audiences", problems);
  const own = callersClaims(given, context, granted);
  return { claims: { ...own, ...customPayload(request, problems) }, amrs, audiences };
}

/** Reads a parameter that must be a JSON object. Returns `{}` if it is absent, or after noting that it is not one. */
export function jsonObject(value: JsonValue | InvalidValue | undefined, name: string, problems: Problems): JsonObject {
  const read = wellFormed(value, name, problems);
  if (read === undefined || isJsonObject(read)) return read ?? {};
  problems.add(`${name} must be a JSON object.`);
  return {};
}

/**
 * Reads a parameter that must be a JSON array of strings. Returns `[]` if it is absent, or after noting that it is not.
 */
function stringArray(value: JsonValue | InvalidValue | undefined, name: string, problems: Problems): readonly string[] {
  const read = wellFormed(value, name, problems);
  if (read === undefined || isStringArray(read)) return read ?? [];
  problems.add(`${name} must be a JSON array of strings.`);
  return [];
}

/** Reads a parameter with any JSON value. Returns undefined if it is absent, or after noting that it is not JSON. */
function wellFormed(
  value: JsonValue | InvalidValue | undefined,
  name: string,
  problems: Problems,
): JsonValue | undefined {
  if (!(value instanceof InvalidValue)) return value;
  problems.add(value.reason === undefined ? `${name} is not valid JSON.` : `${name} cannot be used: ${value.reason}`);
  return undefined;
}

/** Whether a value is an array of strings. */
export function isStringArray(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

/**
 * The claims of `arbitrary_claims` as they appear in the token: an array of one string becomes a plain string. Notes a
 * problem for each reserved name, and for each value that a claim may not have. Leaves out the names in `granted`,
 * which the grant reads itself. `nestedIn`: the parameters of the grant that accept nested values.
 */
export function callersClaims(
  claims: JsonObject,
  { client, problems }: GrantContext,
  granted: ReadonlySet<string>,
  nestedIn = "custom_payload",
): JsonObject {
  const allowed = Object.entries(claims).filter(([name]) => !granted.has(name));
  for (const [name, value] of allowed) {
    if (isReservedClaim(name, client.tenant.namespaceClaim, client.client.allowedClaims))
      problems.add(`The arbitrary claim: '${name}' is not allowed.`);
    else if (name === MAY_ACT_CLAIM) checkMayAct(value, problems);
    else if (!isClaimValue(value)) {
      problems.add(
        `The arbitrary claim: '${name}' must be a string, a number, a boolean, or an array of those; nested JSON belongs in ${nestedIn}.`,
      );
    }
  }
  return Object.fromEntries(allowed.map(([name, value]) => [name, unwrapped(value)]));
}

/** Notes a problem if an exchange could not honour it (RFC 8693 section 4.4). */
export function checkMayAct(value: JsonValue, problems: Problems): void {
  if (isMayAct(value)) return;
  problems.add(
    `The claim: '${MAY_ACT_CLAIM}' must be a JSON object with sub, and perhaps iss and client_id, all strings.`,
  );
}

/** `custom_payload` as a claim; no claim if it is absent. */
export function customPayload(request: MintRequest, problems: Problems): JsonObject {
  const payload = wellFormed(request.customPayload, "custom_payload", problems);
  return payload === undefined ? {} : { [CUSTOM_PAYLOAD]: payload };
}

/** Scopes as tokens list them: sorted and without duplicates. */
export function sortedScopes(scopes: readonly string[] = []): readonly string[] {
  return [...new Set(scopes)].sort();
}

/**
 * `aud` as scopes determine it: the tenant's own resources, the sorted resources that own the scopes, and those that
 * the caller adds, without duplicates. A scope that no resource owns becomes an audience itself, except identity
 * scopes.
 */
export function audienceOf(tenant: Tenant, scopes: readonly string[], added: readonly string[]): readonly Audience[] {
  const audience = new Map<string, Audience>([[ownResources(tenant), { name: ownResources(tenant) }]]);
  const scoped = scopes
    .filter((scope) => scope !== OFFLINE_ACCESS)
    .flatMap((scope) => resourceOf(tenant, scope).map((resource) => ({ scope, resource })))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
  for (const { scope, resource } of scoped) {
    const there = audience.get(resource);
    if (there === undefined) audience.set(resource, { name: resource, scopes: [scope] });
    else if (there.scopes) audience.set(resource, { name: resource, scopes: [...there.scopes, scope] });
  }
  for (const name of added) audience.set(name, { name, added: true });
  return [...audience.values()];
}

/** The common part of the grants with a subject of this mint, authenticated here and now by the grant itself. */
export function localSubject(
  grantType: string,
  subject: string,
  amr: readonly string[],
  { client, now }: GrantContext,
): Pick<Decision, "grantType" | "issuer" | "subject" | "listsOfflineAccess" | "authTime" | "idp" | "amr"> {
  return {
    grantType,
    issuer: client.tenant.issuer,
    subject,
    listsOfflineAccess: true,
    authTime: toSeconds(now),
    idp: "local",
    amr: [grantType, ...amr],
  };
}

/** The audience that a scope adds, if any. */
function resourceOf(tenant: Tenant, scope: string): readonly string[] {
  const owner = ownerOf(tenant, scope);
  if (owner !== undefined) return [owner];
  return IDENTITY_SCOPES.has(scope) ? [] : [scope];
}

function isClaimValue(value: JsonValue): boolean {
  return Array.isArray(value) ? value.every(isScalar) : isScalar(value);
}

function isScalar(value: JsonValue): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function unwrapped(value: JsonValue): JsonValue {
  return isStringArray(value) && value.length === 1 ? (value[0] ?? value) : value;
}
