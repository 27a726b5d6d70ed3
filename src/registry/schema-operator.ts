import { z } from "zod";
import { expected } from "../schema/explain.ts";
import { text } from "../schema/fields.ts";
import { operatorId, secret } from "./fields.ts";

/** One operator in the file. */
const operator = z.strictObject({
  secrets: z
    .array(secret)
    .min(1, "expected at least one secret")
    .describe(
      "Its secrets: hashes (sha256:… of a generated secret, scrypt:… of one that a person chose), or env:NAME or file:PATH for plain text",
    ),
  tenants: z
    .union(
      [z.literal("*"), z.array(text).min(1, expected("at least one tenant"))],
      expected('a list of tenants, or "*" for all'),
    )
    .describe('The tenants whose keys it may rotate; "*": all'),
});

/** The operators in the file, by id. */
export const operators = z.record(operatorId, operator);

/** One operator as parsed. */
export type OperatorFile = z.output<typeof operator>;
/** All operators as parsed, by id. */
export type OperatorsFile = z.output<typeof operators>;
