import type { JsonObject, JsonValue } from "../base/json.ts";
import type { Audience, GrantContext, GrantHandler } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import type { MintParameter, MintRequest } from "../engine/request.ts";
import { ownResources } from "../registry/tenant.ts";
import { MAY_ACT_CLAIM } from "../token/actor.ts";
import { foldName, isReservedClaim } from "../token/reserved-claims.ts";
import * as claims from "./claims.ts";

/** The reserved claims that a caller of this grant may set. */
const GRANTED = new Set(["amr", "aud", "scope", "azp", "idp", "auth_time"]);

/** `arbitrary_token`: a token with any claims, under any issuer that the client may name. */
export const arbitraryToken: GrantHandler = {
  grantType: "arbitrary_token",
  parameters: new Set<MintParameter>([...claims.COMMON_PARAMETERS, "subject", "issuer", "arbitraryJson"]),
  clientProof: "optional",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const { client, problems } = context;
    const issuer = claims.required(request.issuer, "issuer", problems);
    const arbitraryClaims = claims.jsonObject(request.arbitraryClaims, "arbitrary_claims", problems);
    const set = readGranted(arbitraryClaims, problems);
    const own = claims.callersClaims(arbitraryClaims, context, GRANTED, "custom_payload or arbitrary_json");
    const payload = claims.customPayload(request, problems);
    const merged = readArbitraryJson(request, own, context);
    problems.refuse();

    const audience: readonly Audience[] = (set.aud ?? [ownResources(client.tenant)]).map((name) => ({ name }));
    return {
      grantType: this.grantType,
      issuer,
      subject: request.subject,
      scopes: set.scope ?? [],
      listsOfflineAccess: true,
      audience,
      authTime: set.authTime,
      idp: set.idp,
      amr: set.amr,
      claims: { ...(set.azp && { azp: set.azp }), ...own, ...merged, ...payload },
      issuesIdToken: false,
    };
  },
};

function readGranted(claimsGiven: JsonObject, problems: Problems) {
  return {
    amr: strings(claimsGiven, "amr", problems),
    aud: strings(claimsGiven, "aud", problems),
    scope: strings(claimsGiven, "scope", problems),
    azp: strings(claimsGiven, "azp", problems),
    idp: readClaim(claimsGiven, "idp", "a string", (value) => typeof value === "string", problems),
    authTime: readClaim(claimsGiven, "auth_time", "whole seconds since the Unix epoch", isWholeSeconds, problems),
  };
}

function strings(claimsGiven: JsonObject, name: string, problems: Problems): readonly string[] | undefined {
  return readClaim(claimsGiven, name, "an array of strings that is not empty", isFilled, problems);
}

function readClaim<T extends JsonValue>(
  claimsGiven: JsonObject,
  name: string,
  expected: string,
  fits: (value: JsonValue) => value is T,
  problems: Problems,
): T | undefined {
  if (!Object.hasOwn(claimsGiven, name)) return undefined;
  const value = claimsGiven[name] ?? null;
  if (fits(value)) return value;
  problems.add(`The arbitrary claim: '${name}' must be ${expected}.`);
  return undefined;
}

function isFilled(value: JsonValue): value is readonly string[] {
  return claims.isStringArray(value) && value.length > 0;
}

function isWholeSeconds(value: JsonValue): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/**
 * The members of `arbitrary_json`. None may have the name of a reserved claim or of one in `arbitrary_claims`, whatever
 * its case.
 */
function readArbitraryJson(request: MintRequest, own: JsonObject, { client, problems }: GrantContext): JsonObject {
  const members = claims.jsonObject(request.arbitraryJson, "arbitrary_json", problems);
  const taken = new Set(Object.keys(own).map(foldName));
  for (const name of Object.keys(members)) {
    if (isReservedClaim(name, client.tenant.namespaceClaim, client.client.allowedClaims))
      problems.add(`The arbitrary_json member: '${name}' is not allowed.`);
    else if (taken.has(foldName(name)))
      problems.add(`The arbitrary_json member: '${name}' is already in arbitrary_claims.`);
    else if (name === MAY_ACT_CLAIM) claims.checkMayAct(members[name] ?? null, problems);
  }
  return members;
}
