import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  AccessTokenType,
  type MintRequest as ProtoMintRequest,
  type RefreshRequest as ProtoRefreshRequest,
} from "../../gen/mintmark/v1/token_service_pb.ts";
import type { MintRequest, RefreshRequest, TokenSet } from "../engine/request.ts";
import { structToJson, valueToJson } from "./json.ts";

/** Translates a request. Protobuf has no absent strings and lists: an empty one counts as absent. */
export function toMintRequest(request: ProtoMintRequest): MintRequest {
  const { arbitraryClaims, arbitraryJson, customPayload, requestContext, requestDetails } = request;
  return {
    grantType: request.grantType || undefined,
    subject: request.subject || undefined,
    issuer: request.issuer || undefined,
    scopes: unlessEmpty(request.scopes),
    resources: givenIn(request.resources),
    arbitraryClaims: arbitraryClaims && structToJson(arbitraryClaims),
    arbitraryJson: arbitraryJson && structToJson(arbitraryJson),
    customPayload: customPayload && valueToJson(customPayload),
    arbitraryAmrs: unlessEmpty(request.arbitraryAmrs),
    arbitraryAudiences: unlessEmpty(request.arbitraryAudiences),
    accessTokenLifetime: request.accessTokenLifetime && toSeconds(request.accessTokenLifetime),
    idTokenLifetime: request.idTokenLifetime && toSeconds(request.idTokenLifetime),
    accessTokenType: toAccessTokenType(request.accessTokenType),
    accessToken: request.accessToken || undefined,
    authority: request.authority || undefined,
    idToken: request.idToken || undefined,
    assertion: request.assertion || undefined,
    confirmation: request.confirmation && structToJson(request.confirmation),
    subjectToken: request.subjectToken || undefined,
    subjectTokenType: request.subjectTokenType || undefined,
    actorToken: request.actorToken || undefined,
    actorTokenType: request.actorTokenType || undefined,
    requestedTokenType: request.requestedTokenType || undefined,
    audiences: givenIn(request.audiences),
    requestContext: requestContext && structToJson(requestContext),
    requestDetails: requestDetails && structToJson(requestDetails),
  };
}

/** Translates a request. Empty fields count as absent. */
export function toRefreshRequest(request: ProtoRefreshRequest): RefreshRequest {
  return {
    refreshToken: request.refreshToken || undefined,
    scopes: unlessEmpty(request.scopes),
    resources: givenIn(request.resources),
  };
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** As in a form, an entry without a value counts as omitted. */
function givenIn(list: readonly string[]): readonly string[] | undefined {
  return unlessEmpty(list.filter((entry) => entry !== ""));
}

/** A duration in seconds. The result is a whole number only if there are no nanoseconds. */
function toSeconds(duration: Duration): number {
  const seconds = Number(duration.seconds);
  if (duration.nanos === 0) return seconds;
  const sum = seconds + duration.nanos / 1e9;
  // A few nanoseconds are lost in a large double, and a billion of them are not a valid Duration.
  return Number.isInteger(sum) ? Number.NaN : sum;
}

/** The name of the type; for an unknown type its number as a string, which the engine refuses. */
function toAccessTokenType(type: ProtoMintRequest["accessTokenType"]): string | undefined {
  switch (type) {
    case AccessTokenType.UNSPECIFIED:
      return undefined;
    case AccessTokenType.JWT:
      return "jwt";
    case AccessTokenType.REFERENCE:
      return "reference";
    default:
      return String(type);
  }
}

/** The answer to a mint. Absent strings are empty. */
export function toMintResponse(tokens: TokenSet) {
  return { ...toTokenResponse(tokens), issuedTokenType: tokens.issuedTokenType ?? "" };
}

/** The answer to a refresh, and the common part of the answer to a mint. */
export function toTokenResponse(tokens: TokenSet) {
  return {
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType,
    expiresIn: BigInt(tokens.expiresIn),
    refreshToken: tokens.refreshToken ?? "",
    idToken: tokens.idToken ?? "",
    scopes: [...tokens.scopes],
  };
}
