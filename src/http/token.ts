import type { JsonValue } from "../base/json.ts";
import { parseJson } from "../engine/exact-json.ts";
import type { TenantEngine } from "../engine/port.ts";
import {
  type Caller,
  type InvalidValue,
  type MintRequest,
  REFRESH_GRANT_TYPE,
  type RefreshRequest,
  type TokenSet,
} from "../engine/request.ts";
import { TOKEN_PATH } from "../registry/tenant.ts";
import { DPOP_NONCE } from "../wire/headers.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Form } from "./form.ts";
import { formEndpoint } from "./form-endpoint.ts";

/** The token endpoint (RFC 6749 section 3.2). */
export const token: Endpoint = formEndpoint(TOKEN_PATH, operationOf, async (tenant, form, caller, reply) => {
  const tokens = await grant(tenant, form, caller);
  if (tokens.dpopNonce !== undefined) reply.header(DPOP_NONCE, tokens.dpopNonce);
  return toTokenResponse(tokens);
});

function operationOf(form: Form): "refresh" | "mint" {
  return form.get("grant_type") === REFRESH_GRANT_TYPE ? "refresh" : "mint";
}

async function grant(tenant: TenantEngine, form: Form, caller: Caller): Promise<TokenSet> {
  return operationOf(form) === "refresh"
    ? tenant.refresh(caller, toRefreshRequest(form))
    : tenant.mint(caller, toMintRequest(form));
}

function toMintRequest(form: Form): MintRequest {
  return {
    grantType: form.get("grant_type"),
    subject: form.get("subject"),
    issuer: form.get("issuer"),
    scopes: toScopes(form.get("scope")),
    resources: unlessEmpty(form.all("resource")),
    arbitraryClaims: toJson(form.get("arbitrary_claims")),
    arbitraryJson: toJson(form.get("arbitrary_json")),
    customPayload: toJson(form.get("custom_payload")),
    arbitraryAmrs: toJson(form.get("arbitrary_amrs")),
    arbitraryAudiences: toJson(form.get("arbitrary_audiences")),
    accessTokenLifetime: toSeconds(form.get("access_token_lifetime")),
    idTokenLifetime: toSeconds(form.get("id_token_lifetime")),
    accessTokenType: form.get("access_token_type"),
    accessToken: form.get("access_token"),
    authority: form.get("authority"),
    idToken: form.get("id_token"),
    assertion: form.get("assertion"),
    confirmation: toJson(form.get("confirmation")),
    subjectToken: form.get("subject_token"),
    subjectTokenType: form.get("subject_token_type"),
    actorToken: form.get("actor_token"),
    actorTokenType: form.get("actor_token_type"),
    requestedTokenType: form.get("requested_token_type"),
    audiences: unlessEmpty(form.all("audience")),
    requestContext: toJson(form.get("request_context")),
    requestDetails: toJson(form.get("request_details")),
  };
}

function toRefreshRequest(form: Form): RefreshRequest {
  return {
    refreshToken: form.get("refresh_token"),
    scopes: toScopes(form.get("scope")),
    resources: unlessEmpty(form.all("resource")),
  };
}

/** Splits scopes at spaces (RFC 6749 section 3.3). A parameter without any scope counts as omitted. */
function toScopes(text: string | undefined): readonly string[] | undefined {
  return unlessEmpty(text?.split(" ").filter((scope) => scope !== "") ?? []);
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function toJson(text: string | undefined): JsonValue | InvalidValue | undefined {
  return text === undefined ? undefined : parseJson(text);
}

function toSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** A successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3). JSON omits undefined members. */
function toTokenResponse(tokens: TokenSet): object {
  return {
    access_token: tokens.accessToken,
    issued_token_type: tokens.issuedTokenType,
    token_type: tokens.tokenType,
    expires_in: tokens.expiresIn,
    refresh_token: tokens.refreshToken,
    id_token: tokens.idToken,
    scope: tokens.scopes.length === 0 ? undefined : tokens.scopes.join(" "),
  };
}
