import type { Operator, OperatorRole, Realm } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Attempts } from "../limits/attempts.ts";
import type { Caller } from "../request.ts";
import { parseBasic } from "./basic.ts";
import { MALFORMED_BASIC, operatorRefused } from "./refusals.ts";
import type { SecretVerifier } from "./secrets.ts";

/** What authenticating an operator needs. */
export interface OperatorContext {
  readonly tenant: Realm;
  readonly secrets: SecretVerifier;
  readonly attempts: Attempts;
}

/**
 * Authenticates an operator, by Basic credentials only.
 *
 * Throws OAuthError `invalid_client` unless it is one of this tenant's operators; RateLimitedError if too many attempts
 * have failed.
 */
export async function authenticateOperator(
  { authorization, remoteAddress: address }: Caller,
  { tenant, secrets, attempts }: OperatorContext,
): Promise<Operator> {
  if (authorization === undefined)
    throw operatorRefused("An operator's Basic credentials are required in authorization.");
  const basic = parseBasic(authorization);
  if (basic === undefined) throw operatorRefused(MALFORMED_BASIC);
  const { id, secret } = basic;
  const operator = tenant.operators.get(id);
  // An operator and a client may have the same id: what is remembered about one must not count for the other.
  const named = { role: "operator", id, isKnown: operator !== undefined, address } as const;
  const isRight =
    secret !== undefined &&
    secret.length <= tenant.limits.credentialLength &&
    (await attempts.make({ tenant, ...named }, () =>
      secrets.verify({ tenant: tenant.id, ...named }, operator?.secrets ?? [], secret),
    ));
  if (operator !== undefined && isRight) return operator;
  throw operatorRefused("The operator is unknown, or its secret is missing or wrong.", operator);
}

/**
 * Throws OAuthError `access_denied` unless the operator has one of these roles and, if the request is about one tenant, may
 * act for that.
 */
export function assertMay(
  { roles, tenants }: Operator,
  needed: readonly OperatorRole[] = [],
  tenant: string | undefined,
): void {
  if (!needed.some((role) => roles.has(role)))
    throw new OAuthError("access_denied", `The operator needs the role ${needed.join(" or ")}.`);
  if (tenant !== undefined && !isFor(tenants, tenant))
    throw new OAuthError("access_denied", "The operator may not act for that tenant.");
}

/** Whether an operator may act for a tenant. */
export function isFor(tenants: Operator["tenants"], tenant: string): boolean {
  return tenants === "*" || tenants.has(tenant);
}
