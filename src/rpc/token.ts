import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  AccessTokenType,
  type MintRequest as ProtoMintRequest,
  type RefreshRequest as ProtoRefreshRequest,
} from "../../gen/mintmark/v1/token_service_pb.ts";
import type { MintRequest, RefreshRequest, TokenSet } from "../engine/request.ts";
import { structToJson, valueToJson } from "./json.ts";

/** Protobuf has no absent text and no absent list: an empty one is absent. */
export function toMintRequest(request: ProtoMintRequest): MintRequest {
  const { arbitraryClaims, arbitraryJson, customPayload } = request;
  return {
    grantType: request.grantType || undefined,
    subject: request.subject || undefined,
    issuer: request.issuer || undefined,
    scopes: unlessEmpty(request.scopes),
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
  };
}

/** What is empty is absent. */
export function toRefreshRequest(request: ProtoRefreshRequest): RefreshRequest {
  return { refreshToken: request.refreshToken || undefined, scopes: unlessEmpty(request.scopes) };
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** A duration in seconds, which is whole only if the duration has no nanoseconds, however few. */
function toSeconds(duration: Duration): number {
  const seconds = Number(duration.seconds);
  if (duration.nanos === 0) return seconds;
  const sum = seconds + duration.nanos / 1e9;
  // A few nanoseconds drown in a large double, and a thousand million of them are not a valid Duration.
  return Number.isInteger(sum) ? Number.NaN : sum;
}

/** The name of the type; the number as text if it has none, for the engine to refuse. */
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

/** The answer to a mint. Protobuf has no absent text: an empty one is absent. */
export function toMintResponse(tokens: TokenSet) {
  return { ...toTokenResponse(tokens), issuedTokenType: tokens.issuedTokenType ?? "" };
}

/** The answer to a refresh, which a mint's begins with. */
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
