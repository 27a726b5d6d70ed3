import type { FastifyReply } from "fastify";
import type { Logger } from "../base/logger.ts";
import { OAuthError, type OAuthErrorCode, toOAuthError } from "../engine/errors.ts";
import { CHALLENGE, REQUEST_ID, UNCACHED } from "../wire/headers.ts";

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
  access_denied: 400,
  temporarily_unavailable: 503,
  server_error: 500,
} satisfies Record<OAuthErrorCode, number>;

/** What a refusal of that code says beside its body (RFC 9110 sections 10.2.3 and 11.6.1). */
const headers: Partial<Record<OAuthErrorCode, Readonly<Record<string, string>>>> = {
  invalid_client: { "www-authenticate": CHALLENGE },
  temporarily_unavailable: { "retry-after": "1" },
};

/** An `invalid_request` for which HTTP has a status of its own. */
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

/** Answers with an error, whatever it is. The cause of what nobody foresaw goes to the log and nowhere else. */
export function sendError(error: unknown, reply: FastifyReply, logger: Logger): FastifyReply {
  const refusal = toRefusal(error);
  // The engine has logged the causes of its own refusals.
  if (!(error instanceof OAuthError) && refusal.cause !== undefined) {
    logger.error({ requestId: reply.getHeader(REQUEST_ID), err: refusal.cause }, "a request failed");
  }
  const { status, headers: extra } = refusal instanceof HttpRefusal ? refusal : { status: statuses[refusal.code] };
  return reply
    .code(status)
    .headers({ ...UNCACHED, ...headers[refusal.code], ...extra })
    .send(refusalBody(refusal));
}

function toRefusal(error: unknown): OAuthError {
  const status = clientErrorStatus(error);
  return status === undefined ? toOAuthError(error) : ofStatus(status);
}

/** The 4xx status that Fastify gives an error of its own if the request is at fault. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return undefined;
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}

/** Fastify's words are left out: they quote the request. */
function ofStatus(status: number): HttpRefusal {
  switch (status) {
    case 413:
      return new HttpRefusal(413, "The body is too large.");
    case 414:
      // Only a tenant's name can be too long for its place in the path.
      return new HttpRefusal(404, "There is no such tenant.");
    case 415:
      return new HttpRefusal(415, "The content type is not supported here.");
    default:
      return new HttpRefusal(400, "The HTTP request is malformed.");
  }
}
