import type { Client, Operator, Tenant } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import type { SecretVerifier } from "./secrets.ts";

const proven: unique symbol = Symbol("proven");

/** A client whose credentials were checked. Only {@link authenticate} can make one. */
export interface AuthenticatedClient {
  readonly [proven]: true;
  readonly tenant: Tenant;
  readonly client: Client;
  /** Whether it presented a right secret, rather than none where none is needed. */
  readonly withSecret: boolean;
}

/** Which operation the client authenticates for: a refresh may need no secret where others do. */
type Operation = "refresh" | "other";

interface Presented {
  readonly id: string;
  /** Absent: none was presented. An empty one is none. */
  readonly secret: string | undefined;
}

/** One text for every way to fail: whoever guesses is not told what was wrong. */
const REFUSED = "The client is unknown, or its secret is missing or wrong.";

/**
 * Checks who the client is (RFC 6749 section 2.3): `client_secret_basic` where there is an authorization header, else
 * `client_secret_post`.
 *
 * Throws OAuthError `invalid_client`; `invalid_request` where a strict tenant is given two methods at once, or an id or a
 * secret is longer than any may be.
 */
export async function authenticate(
  tenant: Tenant,
  caller: Caller,
  secrets: SecretVerifier,
  operation: Operation = "other",
): Promise<AuthenticatedClient> {
  const presented = presentedBy(tenant, caller);
  checkLength(presented.id, "client_id", tenant);
  checkLength(presented.secret, "client_secret", tenant);
  const client = tenant.clients.get(presented.id);
  const withSecret = await hasRightSecret(tenant, client, presented, secrets, caller.remoteAddress);
  if (client === undefined) throw clientRefused(REFUSED);
  const secretNeeded = client.requireSecret && (operation !== "refresh" || client.requireRefreshSecret);
  if (!withSecret && (presented.secret !== undefined || secretNeeded)) throw clientRefused(REFUSED, client);
  // What a disabled client was granted is not refreshed: its grants are refused, rather than the client.
  if (!client.enabled && operation !== "refresh") throw clientRefused("The client is disabled.", client);
  return { [proven]: true, tenant, client, withSecret };
}

/** `client`: the one that the caller claims to be, if it is configured; what else a caller wrote is never told. */
function clientRefused(message: string, client?: Client): OAuthError {
  return new OAuthError("invalid_client", message, { event: { event: "client_refused", client: client?.id } });
}

function operatorRefused(message: string, operator?: Operator): OAuthError {
  return new OAuthError("invalid_client", message, { event: { event: "operator_refused", operator: operator?.id } });
}

async function hasRightSecret(
  tenant: Tenant,
  client: Client | undefined,
  presented: Presented,
  secrets: SecretVerifier,
  address: string | undefined,
): Promise<boolean> {
  if (presented.secret === undefined) return false;
  const isKnown = client !== undefined;
  const presenter = { tenant: tenant.id, role: "client", id: presented.id, isKnown, address } as const;
  return secrets.verify(presenter, client?.secrets ?? [], presented.secret);
}

function checkLength(text: string | undefined, parameter: string, { limits }: Tenant): void {
  if (text === undefined || text.length <= limits.credentialLength) return;
  throw new OAuthError("invalid_request", `${parameter} is too long: at most ${limits.credentialLength} characters.`);
}

function presentedBy(tenant: Tenant, caller: Caller): Presented {
  const { authorization, clientId, clientSecret } = caller;
  if (authorization === undefined) {
    if (clientId === undefined) {
      throw clientRefused(
        "client_id is missing! Send it with client_secret as Basic credentials in authorization; a form may hold both itself.",
      );
    }
    return { id: clientId, secret: clientSecret };
  }
  const basic = parseBasic(authorization);
  const twice = clientSecret !== undefined || (clientId !== undefined && clientId !== basic.id);
  if (tenant.strictClientAuthentication && twice) {
    throw new OAuthError(
      "invalid_request",
      "Client credentials came twice: send the authorization header or client_id and client_secret, not both.",
    );
  }
  return basic;
}

/** RFC 7617, with both parts form-urlencoded as RFC 6749 section 2.3.1 has it. */
function parseBasic(authorization: string): Presented {
  const encoded = /^basic +(?<token>[A-Za-z0-9+/_-]+=*) *$/i.exec(authorization)?.groups?.token;
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? "", "base64").toString()) ?? [];
  const parts = [id, secret].map((part) => (part === undefined ? undefined : formUrlDecode(part)));
  if (!parts[0] || parts[1] === undefined) {
    throw new OAuthError(
      "invalid_client",
      "authorization is malformed: expected Basic and the base64 of the form-urlencoded client_id:client_secret.",
    );
  }
  return { id: parts[0], secret: parts[1] === "" ? undefined : parts[1] };
}

/**
 * Checks who the operator is, by Basic credentials alone.
 *
 * Throws OAuthError `invalid_client` where it is none of this tenant's.
 */
export async function authenticateOperator(
  tenant: Tenant,
  { authorization, remoteAddress: address }: Caller,
  secrets: SecretVerifier,
): Promise<Operator> {
  if (authorization === undefined) throw operatorRefused("An operator's Basic credentials are missing.");
  const { id, secret } = parseBasic(authorization);
  const operator = tenant.operators.get(id);
  // An operator may have the same id as a client: what is remembered of one is nothing to the other.
  const presenter = { tenant: tenant.id, role: "operator", id, isKnown: operator !== undefined, address } as const;
  const proven =
    secret !== undefined &&
    secret.length <= tenant.limits.credentialLength &&
    (await secrets.verify(presenter, operator?.secrets ?? [], secret));
  if (operator === undefined || !proven) {
    throw operatorRefused("The operator is unknown, or its secret is missing or wrong.", operator);
  }
  return operator;
}

/** Throws OAuthError `invalid_client` where the client came without a secret. `purpose`: what it is needed for. */
export function requireProvenSecret(client: AuthenticatedClient, purpose: string): void {
  if (!client.withSecret) throw new OAuthError("invalid_client", `A client needs its secret to ${purpose}.`);
}

function formUrlDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
