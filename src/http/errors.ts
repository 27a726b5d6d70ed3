import type { FastifyReply } from "fastify";
import { DpopNonceError } from "../engine/dpop-nonce-error.ts";
import { NO_SUCH_TENANT, OAuthError, type OAuthErrorCode, toOAuthError } from "../engine/errors.ts";
import { RateLimitedError } from "../engine/rate-limited.ts";
import { arrivalOf } from "../wire/arrival.ts";
import { DPOP_NONCE, UNCACHED } from "../wire/headers.ts";
import { rateLimitHeaders } from "../wire/rate-limit.ts";
import { BODY_TOO_LARGE, headersByStatus, UNSUPPORTED_CONTENT_TYPE } from "../wire/refusals.ts";

/** The status of every refusal (RFC 6749 section 5.2). */
const statuses = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  access_denied: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} satisfies Record<OAuthErrorCode, number>;

/** The message for a request that is not valid HTTP, or not as this server reads it. */
export const MALFORMED = "The HTTP request is malformed.";

/** An `invalid_request` with an HTTP status other than 400, or with headers. */
export class HttpRefusal extends OAuthError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, extra: Readonly<Record<string, string>> = {}) {
    super("invalid_request", message);
    this.status = status;
    this.headers = extra;
  }
}

/** The body of a refusal (RFC 6749 section 5.2). */
export function refusalBody(error: OAuthError): { readonly error: OAuthErrorCode; readonly error_description: string } {
  return { error: error.code, error_description: error.message };
}

/** Answers with any error, and reports it. The cause of an unexpected one goes only to the event. */
export function sendError(error: unknown, reply: FastifyReply): FastifyReply {
  const refusal = toRefusal(error);
  const { raw } = reply.request;
  // Whoever has gone is not refused.
  if (!raw.readableAborted) arrivalOf(raw).refused(refusal);
  const { status, headers: extra } = answerTo(refusal);
  return reply
    .code(status)
    .headers({ ...UNCACHED, ...headersByStatus[status], ...extra })
    .send(refusalBody(refusal));
}

/** The status of a refusal, and the headers that it has besides those of its code. */
function answerTo(refusal: OAuthError): Partial<Pick<HttpRefusal, "headers">> & Pick<HttpRefusal, "status"> {
  if (refusal instanceof HttpRefusal) return refusal;
  // RFC 6585 section 4.
  if (refusal instanceof RateLimitedError) return { status: 429, headers: rateLimitHeaders(refusal) };
  const headers = refusal instanceof DpopNonceError ? { [DPOP_NONCE]: refusal.nonce } : {};
  return { status: statuses[refusal.code], headers };
}

function toRefusal(error: unknown): OAuthError {
  const status = clientErrorStatus(error);
  return status === undefined ? toOAuthError(error) : ofStatus(status);
}

/** The 4xx status of Fastify's own errors that are the client's fault; undefined for other errors. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return undefined;
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}

/** The refusal for a status, without Fastify's message, which quotes the request. */
function ofStatus(status: number): HttpRefusal {
  switch (status) {
    case 413:
      return new HttpRefusal(413, BODY_TOO_LARGE);
    case 414:
      // 414: only a tenant's id in the path can be too long for its parameter.
      return new HttpRefusal(404, NO_SUCH_TENANT);
    case 415:
      return new HttpRefusal(415, UNSUPPORTED_CONTENT_TYPE);
    default:
      return new HttpRefusal(400, MALFORMED);
  }
}
