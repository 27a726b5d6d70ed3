import { create, fromJson, type JsonObject as StructJson, type JsonValue as StructJsonValue } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type AccessTokenType,
  type MintRequest,
  MintRequestSchema,
  type MintResponse,
  type RefreshResponse,
} from "../../../gen/mintmark/v1/token_service_pb.ts";
import type { JsonObject, JsonValue } from "../../base/json.ts";

/** Tokens as they are printed: as the gateway's token endpoint answers (RFC 6749 section 5.1). */
export function printedTokens(response: MintResponse | RefreshResponse): JsonObject {
  const { accessToken, tokenType, expiresIn, refreshToken, idToken, scopes } = response;
  return {
    access_token: accessToken,
    ...("issuedTokenType" in response &&
      response.issuedTokenType !== "" && { issued_token_type: response.issuedTokenType }),
    token_type: tokenType,
    expires_in: Number(expiresIn),
    ...(refreshToken !== "" && { refresh_token: refreshToken }),
    ...(idToken !== "" && { id_token: idToken }),
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
  };
}

/** What is asked for, in the command line's words. */
interface MintWords {
  readonly tenant: string;
  readonly grantType: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly scope?: readonly string[];
  readonly resource?: readonly string[];
  readonly arbitraryClaims?: JsonObject | undefined;
  readonly arbitraryJson?: JsonObject | undefined;
  readonly customPayload?: JsonValue | undefined;
  readonly confirmation?: JsonObject | undefined;
  readonly arbitraryAmr?: readonly string[];
  readonly arbitraryAudience?: readonly string[];
  /** In seconds, both. */
  readonly accessTokenLifetime?: number;
  readonly idTokenLifetime?: number;
  readonly accessTokenType: AccessTokenType;
  readonly accessToken?: string | undefined;
  readonly authority?: string;
  readonly idToken?: string | undefined;
  readonly subjectToken?: string | undefined;
  readonly subjectTokenType?: string;
  readonly actorToken?: string | undefined;
  readonly actorTokenType?: string;
  readonly requestedTokenType?: string;
  readonly audience?: readonly string[];
  readonly requestContext?: JsonObject | undefined;
  readonly requestDetails?: JsonObject | undefined;
}

/** What is asked for, on the wire. */
export function toMintRequest(words: MintWords): MintRequest {
  const { tenant, grantType, subject = "", issuer = "", scope = [], arbitraryAmr = [], arbitraryAudience = [] } = words;
  const { resource = [], accessTokenType, accessToken = "", authority = "", idToken = "" } = words;
  const { subjectToken = "", subjectTokenType = "", actorToken = "", actorTokenType = "" } = words;
  const { requestedTokenType = "", audience = [] } = words;
  return create(MintRequestSchema, {
    ...{ tenant, grantType, subject, issuer, scopes: [...scope], resources: [...resource] },
    ...{ arbitraryAmrs: [...arbitraryAmr], arbitraryAudiences: [...arbitraryAudience] },
    ...{ accessTokenType, accessToken, authority, idToken },
    ...{ subjectToken, subjectTokenType, actorToken, actorTokenType, requestedTokenType, audiences: [...audience] },
    ...(words.requestContext && { requestContext: words.requestContext as StructJson }),
    ...(words.requestDetails && { requestDetails: words.requestDetails as StructJson }),
    ...(words.arbitraryClaims && { arbitraryClaims: words.arbitraryClaims as StructJson }),
    ...(words.confirmation && { confirmation: words.confirmation as StructJson }),
    ...(words.arbitraryJson && { arbitraryJson: words.arbitraryJson as StructJson }),
    ...(words.customPayload !== undefined && {
      customPayload: fromJson(ValueSchema, words.customPayload as StructJsonValue),
    }),
    ...(words.accessTokenLifetime && { accessTokenLifetime: toDuration(words.accessTokenLifetime) }),
    ...(words.idTokenLifetime && { idTokenLifetime: toDuration(words.idTokenLifetime) }),
  });
}

function toDuration(seconds: number) {
  return { seconds: BigInt(seconds), nanos: 0 };
}
