import * as z from "zod";
import { expected } from "../schema/explain.ts";
import { operatorId, secret, tenantId } from "./fields.ts";
import { OPERATOR_ROLES } from "./tenant.ts";

/** One operator in the file. */
const operator = z.strictObject({
  secrets: z
    .array(secret)
    .min(1, "expected at least one secret")
    .describe(
      "Its secrets: hashes (sha256:… of a generated secret, scrypt:… of one that a person chose), or env:NAME or file:PATH for plain text",
    ),
  roles: z
    .array(z.enum(OPERATOR_ROLES, expected(`one of ${OPERATOR_ROLES.join(", ")}`)))
    .min(1, expected("at least one role"))
    .default(["keys"])
    .describe(
      "What it may do: keys (rotate keys, end what a client minted), clients and tenants (register and change them), read (look at all of it); default: keys",
    ),
  tenants: z
    .union(
      [z.literal("*"), z.array(tenantId).min(1, expected("at least one tenant"))],
      expected('a list of tenants, or "*" for all'),
    )
    .describe('The tenants for which it may do so, in the file or registered at run time; "*": all'),
});

/** The operators in the file, by id. */
export const operators = z.record(operatorId, operator);

/** One operator as parsed. */
export type OperatorFile = z.output<typeof operator>;
/** All operators as parsed, by id. */
export type OperatorsFile = z.output<typeof operators>;
