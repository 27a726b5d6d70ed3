import type { Operator } from "../../registry/tenant.ts";
import type { Caller } from "../request.ts";
import { parseBasic } from "./basic.ts";
import type { MethodContext } from "./method.ts";
import { MALFORMED_BASIC, operatorRefused } from "./refusals.ts";

/**
 * Checks who the operator is, by Basic credentials alone.
 *
 * Throws OAuthError `invalid_client` if it is none of this tenant's.
 */
export async function authenticateOperator(
  { authorization, remoteAddress: address }: Caller,
  { tenant, secrets }: MethodContext,
): Promise<Operator> {
  if (authorization === undefined) throw operatorRefused("An operator's Basic credentials are missing.");
  const basic = parseBasic(authorization);
  if (basic === undefined) throw operatorRefused(MALFORMED_BASIC);
  const { id, secret } = basic;
  const operator = tenant.operators.get(id);
  // An operator may have the same id as a client: what is remembered of one is nothing to the other.
  const presenter = { tenant: tenant.id, role: "operator", id, isKnown: operator !== undefined, address } as const;
  const isRight =
    secret !== undefined &&
    secret.length <= tenant.limits.credentialLength &&
    (await secrets.verify(presenter, operator?.secrets ?? [], secret));
  if (operator !== undefined && isRight) return operator;
  throw operatorRefused("The operator is unknown, or its secret is missing or wrong.", operator);
}
