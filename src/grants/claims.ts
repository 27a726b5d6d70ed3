import { toSeconds } from "../base/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import type { Audience, Decision, GrantContext } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import { InvalidValue, type MintParameter, type MintRequest } from "../engine/request.ts";
import { ownResources, type Tenant } from "../registry/tenant.ts";
import { CUSTOM_PAYLOAD, isReservedClaim } from "../token/reserved-claims.ts";
import { IDENTITY_SCOPES, OFFLINE_ACCESS } from "../token/scope.ts";

/** What every grant takes. */
export const COMMON_PARAMETERS = [
  "arbitraryClaims",
  "customPayload",
  "accessTokenLifetime",
  "accessTokenType",
] as const satisfies readonly MintParameter[];

/** A text that must be there; an empty one stands for it if it is not, and a problem is noted. */
export function required(value: string | undefined, name: string, problems: Problems): string {
  requirePresence(value, name, problems);
  return value ?? "";
}

/** Notes a problem if a parameter is not there. */
export function requirePresence(value: unknown, name: string, problems: Problems): void {
  if (value === undefined) problems.add(`${name} is required.`);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * What the grants of scopes have in common: the caller's claims and payload as they stand in the token, and what the
 * caller adds to `amr` and `aud`. Notes what is wrong with them. `granted`: see {@link callersClaims}.
 */
export function readShared(request: MintRequest, context: GrantContext, granted = NONE) {
  const { problems } = context;
  const given = jsonObject(request.arbitraryClaims, "arbitrary_claims", problems);
  const amrs = stringArray(request.arbitraryAmrs, "arbitrary_amrs", problems);
  const audiences = stringArray(request.arbitraryAudiences, "arbitrary_audiences", problems);
  const own = callersClaims(given, context, granted);
  return { claims: { ...own, ...customPayload(request, problems) }, amrs, audiences };
}

/** A parameter that holds a JSON object; `{}` if it is absent, or is not one and a problem is noted. */
export function jsonObject(value: JsonValue | InvalidValue | undefined, name: string, problems: Problems): JsonObject {
  const read = wellFormed(value, name, problems);
  if (read === undefined || isJsonObject(read)) return read ?? {};
  problems.add(`${name} must be a JSON object.`);
  return {};
}

/** A parameter that holds a JSON array of strings; `[]` if it is absent, or is not one and a problem is noted. */
export function stringArray(
  value: JsonValue | InvalidValue | undefined,
  name: string,
  problems: Problems,
): readonly string[] {
  const read = wellFormed(value, name, problems);
  if (read === undefined || isStringArray(read)) return read ?? [];
  problems.add(`${name} must be a JSON array of strings.`);
  return [];
}

/** Any JSON; undefined if it is absent, or is not JSON and a problem is noted. */
export function wellFormed(
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
 * The claims of `arbitrary_claims` as they stand in the token: an array of one string becomes the bare string. Notes a
 * problem for each name that the mint owns, but for those in `granted`, which the grant reads itself and are left out;
 * and for each value that no claim may have. `nestedIn`: the parameters of the grant that take such a value.
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
    else if (!isClaimValue(value)) {
      problems.add(
        `The arbitrary claim: '${name}' must be a string, a number, a boolean, or an array of those; nested JSON belongs in ${nestedIn}.`,
      );
    }
  }
  return Object.fromEntries(allowed.map(([name, value]) => [name, unwrapped(value)]));
}

/** `custom_payload` as a claim; nothing if it is absent. */
export function customPayload(request: MintRequest, problems: Problems): JsonObject {
  const payload = wellFormed(request.customPayload, "custom_payload", problems);
  return payload === undefined ? {} : { [CUSTOM_PAYLOAD]: payload };
}

/** Scopes of the `scope` parameter, each once and sorted. */
export function sortedScopes(request: MintRequest): readonly string[] {
  return [...new Set(request.scopes)].sort();
}

/**
 * `aud` as scopes give it: the tenant's own resources, then the resource that owns each scope, sorted, then those that
 * the caller adds. Each stands once. A scope that no resource owns stands for itself, but for those of identity.
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

/** What the grants that name a subject of this mint have in common: authenticated here and now, by the grant itself. */
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

/** The one audience that a scope gives, if any. */
function resourceOf(tenant: Tenant, scope: string): readonly string[] {
  for (const [resource, scopes] of tenant.resources) {
    if (scopes.includes(scope)) return [resource];
  }
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
