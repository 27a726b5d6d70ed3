import { isJsonObject, type JsonValue } from "../base/json.ts";
import type { Client, Limits } from "../registry/tenant.ts";
import type { GrantHandler } from "./grant.ts";
import type { Problems } from "./problems.ts";
import { InvalidValue, type MintParameter, type MintRequest } from "./request.ts";

/** The lists that the wire names after one entry. */
const LISTS = new Map<MintParameter, string>([
  ["scopes", "scope"],
  ["resources", "resource"],
  ["audiences", "audience"],
]);

/** A parameter's name on the wire. */
export function wireName(parameter: MintParameter): string {
  return LISTS.get(parameter) ?? parameter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The parameters that hold what the caller writes itself: JSON, and URIs. */
const OWN_PARAMETERS = [
  "arbitraryClaims",
  "arbitraryJson",
  "customPayload",
  "arbitraryAmrs",
  "arbitraryAudiences",
  "confirmation",
  "resources",
  "audiences",
  "requestContext",
  "requestDetails",
] as const;

/** Notes every problem with the parameters that mean the same in every grant. */
export function checkParameters(
  request: MintRequest,
  grant: GrantHandler,
  client: Client,
  limits: Limits,
  problems: Problems,
): void {
  // A parameter that would be ignored is refused: the token would not be what the caller thinks it is.
  for (const name in request) {
    const parameter = name as keyof MintRequest;
    if (parameter === "grantType" || request[parameter] === undefined) continue;
    if (!grant.parameters.has(parameter))
      problems.add(`${wireName(parameter)} is not a parameter of ${grant.grantType}.`);
  }
  checkLifetime(request.accessTokenLifetime, "access_token_lifetime", client.accessTokenLifetime, problems);
  checkLifetime(request.idTokenLifetime, "id_token_lifetime", client.idTokenLifetime, problems);
  const types: readonly string[] = grant.accessTokenTypes;
  if (request.accessTokenType !== undefined && !types.includes(request.accessTokenType)) {
    problems.add(`access_token_type must be ${types.join(" or ")}.`);
  }
  checkSizes(request, limits, problems);
}

/** A caller can shorten a configured lifetime, never extend it. */
function checkLifetime(seconds: number | undefined, name: string, configured: number, problems: Problems): void {
  if (seconds === undefined || (Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= configured)) return;
  problems.add(`${name} must be a whole number of seconds from 1 to ${configured}.`);
}

/**
 * Measures what the caller writes in total, as JSON, so that many small parameters cost no less than one large one. A value that is
 * nested too deeply is not measured: that alone would be costly.
 */
function checkSizes(request: MintRequest, limits: Limits, problems: Problems): void {
  let bytes = 0;
  for (const parameter of OWN_PARAMETERS) {
    const value = request[parameter];
    if (value === undefined || value instanceof InvalidValue) continue;
    const problem = problemOf(value, limits.claimsDepth);
    if (problem === undefined) bytes += Buffer.byteLength(JSON.stringify(value));
    else problems.add(`${wireName(parameter)} ${problem}`);
  }
  if (bytes > limits.claimsBytes)
    problems.add(`The claims are too large: at most ${limits.claimsBytes} bytes of JSON in all.`);

  const objects = [request.arbitraryClaims, request.arbitraryJson, request.requestContext, request.requestDetails];
  const count = objects.reduce((sum: number, object) => sum + memberCount(object), 0);
  if (count > limits.claimsCount) problems.add(`There are too many claims: at most ${limits.claimsCount}.`);
}

/** The problem with a value's shape, whatever it means. Looks no deeper than the limit. */
function problemOf(value: JsonValue, depth: number): string | undefined {
  if (typeof value === "string")
    return value.isWellFormed() ? undefined : "holds text that is not well-formed Unicode.";
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === 0) return "is nested too deeply.";
  for (const [name, member] of Object.entries(value)) {
    const problem = problemOf(name, 0) ?? problemOf(member, depth - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function memberCount(value: JsonValue | InvalidValue | undefined): number {
  return value instanceof InvalidValue || !isJsonObject(value) ? 0 : Object.keys(value).length;
}
