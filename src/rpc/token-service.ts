import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type {
  IntrospectRequest as ProtoIntrospectRequest,
  RevokeRequest as ProtoRevokeRequest,
  TokenService,
} from "../../gen/mintmark/v1/token_service_pb.ts";
import type { Engine } from "../engine/port.ts";
import type { IntrospectRequest, RevokeRequest, TokenSet } from "../engine/request.ts";
import { DPOP_NONCE } from "../wire/headers.ts";
import { callerIn } from "./arrivals.ts";
import { toIntrospectResponse } from "./introspection.ts";
import { findTenant } from "./tenant.ts";
import { toMintRequest, toMintResponse, toRefreshRequest, toTokenResponse } from "./token.ts";

/** The TokenService: translates requests and answers, and leaves the work to the engine. */
export function tokenService(engine: Engine): ServiceImpl<typeof TokenService> {
  return {
    async mint(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      return toMintResponse(withNonce(await tenant.mint(callerIn(context), toMintRequest(request)), context));
    },
    async refresh(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      return toTokenResponse(withNonce(await tenant.refresh(callerIn(context), toRefreshRequest(request)), context));
    },
    async introspect(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      const caller = callerIn(context);
      if (!request.signed) return toIntrospectResponse(await tenant.introspect(caller, toIntrospectRequest(request)));
      const { introspection, jwt } = await tenant.introspectSigned(caller, toIntrospectRequest(request));
      return { ...toIntrospectResponse(introspection), jwt };
    },
    async revoke(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      await tenant.revoke(callerIn(context), toRevokeRequest(request));
      return {};
    },
  };
}

/** Tells the nonce of the next DPoP proof as HTTP does (RFC 9449 section 8.2). */
function withNonce(tokens: TokenSet, context: HandlerContext): TokenSet {
  if (tokens.dpopNonce !== undefined) context.responseHeader.set(DPOP_NONCE, tokens.dpopNonce);
  return tokens;
}

function toIntrospectRequest({ token, tokenTypeHint }: ProtoIntrospectRequest): IntrospectRequest {
  return { token: token || undefined, tokenTypeHint: tokenTypeHint || undefined };
}

function toRevokeRequest({ token, tokenTypeHint, revokeAllSubjects }: ProtoRevokeRequest): RevokeRequest {
  return { token: token || undefined, tokenTypeHint: tokenTypeHint || undefined, revokeAllSubjects };
}
