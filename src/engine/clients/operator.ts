import type { Operator, OperatorRole } from "../../registry/tenant.ts";
import { OAuthError } from "../errors.ts";
import type { Caller } from "../request.ts";
import { parseBasic } from "./basic.ts";
import type { MethodContext } from "./method.ts";
import { MALFORMED_BASIC, operatorRefused } from "./refusals.ts";

/**
 * Authenticates an operator, by Basic credentials only.
 *
 * Throws OAuthError `invalid_client` unless it is one of this tenant's operators; RateLimitedError if too many attempts
 * have failed.
 */
export async function authenticateOperator(
  { authorization, remoteAddress: address }: Caller,
  { tenant, secrets, attempts }: MethodContext,
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

/** Throws OAuthError `access_denied` unless the operator has one of these roles. */
export function assertRole({ roles }: Operator, needed: readonly OperatorRole[] = []): void {
  if (needed.some((role) => roles.has(role))) return;
  throw new OAuthError("access_denied", `The operator needs the role ${needed.join(" or ")}.`);
}
