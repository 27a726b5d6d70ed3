import type { Client } from "../../registry/tenant.ts";
import type { AssertionFlaw } from "../../telemetry/events.ts";
import { readSignedJwt, type SignedJwt } from "../../token/signed-jwt.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import type { MethodContext, Presentation } from "./method.ts";
import { clientRefused } from "./refusals.ts";

/** The values of `client_assertion_type`. */
export const ASSERTION_TYPES = {
  /** RFC 7523 section 2.2. */
  jwtBearer: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  /** draft-ietf-oauth-spiffe-client-auth. */
  jwtSpiffe: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
} as const;

/** The longest assertion, in characters. */
const MAX_LENGTH = 8 * 1024;

/** What an assertion shows, and whom it names: what is checked of it, once it is known whether there is such a client. */
interface Claimed {
  readonly method: string;
  readonly clientId: string;
  /** Resolves to what is wrong with it; undefined if it proves that its sender is the client. */
  check(client: Client): Promise<AssertionFlaw | undefined>;
}

/**
 * The assertion that a request has of that type; undefined if it has another, or none. Throws OAuthError `invalid_request`
 * if a part is missing or there is another proof too, `invalid_client` if it is of an unknown type.
 */
export function assertionIn(caller: Caller, type: string): string | undefined {
  const { clientAssertion, clientAssertionType, authorization, clientSecret } = caller;
  if (clientAssertion === undefined && clientAssertionType === undefined) return undefined;
  if (clientAssertion === undefined) throw missing("client_assertion", "client_assertion_type");
  if (clientAssertionType === undefined) throw missing("client_assertion_type", "client_assertion");
  const types: readonly string[] = Object.values(ASSERTION_TYPES);
  if (!types.includes(clientAssertionType)) throw clientRefused(`client_assertion_type must be ${types.join(" or ")}.`);
  // Even a header without a secret, or a secret without an id: they may be another client's.
  if (authorization !== undefined || clientSecret !== undefined)
    throw new OAuthError("invalid_request", "The client uses two authentication methods at once.");
  return clientAssertionType === type ? clientAssertion : undefined;
}

/** Reads an assertion as a JWT of these types; returns what is wrong with it if it is none. */
export function readAssertion(assertion: string, types: ReadonlySet<string>): SignedJwt | AssertionFlaw {
  return readSignedJwt(assertion, { maxLength: MAX_LENGTH, types });
}

/** What a method presents for an assertion. What is wrong with it is noted for the log and the audit alone. */
export function presentationOf({ method, clientId, check }: Claimed, { note }: MethodContext): Presentation {
  return {
    method,
    clientId,
    proof: "client_assertion",
    hasProof: true,
    async verify(client) {
      const flaw = client === undefined ? "client unknown" : await check(client);
      if (flaw !== undefined) note({ because: `client_assertion: ${flaw}` });
      return flaw === undefined;
    },
  };
}

/** The same for one that cannot be read, so that it counts like any other that is wrong. */
export function unreadable(method: string, flaw: AssertionFlaw, caller: Caller, context: MethodContext): Presentation {
  const clientId = caller.clientId ?? "";
  const presentation = presentationOf({ method, clientId, check: async () => flaw }, context);
  return {
    ...presentation,
    async verify() {
      context.note({ because: `client_assertion: ${flaw}` });
      return false;
    },
  };
}

function missing(parameter: string, given: string): OAuthError {
  return clientRefused(`${parameter} is required with ${given}.`, undefined, "invalid_request");
}
