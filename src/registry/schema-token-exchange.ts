import * as z from "zod";
import { expected } from "../schema/explain.ts";
import { filledIn, flag } from "../schema/fields.ts";
import { TOKEN_TYPE_NAMES } from "../token/token-types.ts";

const MODES = ["delegation", "impersonation", "any"] as const;

/** Those that may prove who acts: a transaction token is no credential of anyone. */
const ACTORS = TOKEN_TYPE_NAMES.filter((name) => name !== "txn_token");

const actorType = z.enum(ACTORS, expected(`one of ${ACTORS.join(", ")}`));

const tokenType = z.enum(TOKEN_TYPE_NAMES, expected(`one of ${TOKEN_TYPE_NAMES.join(", ")}`));

/** What a client may exchange tokens for (RFC 8693). */
export const tokenExchange = z.strictObject({
  subjectTokens: z
    .array(tokenType, expected("a list of types of tokens"))
    .min(1, expected("at least one type of token"))
    .describe(
      "The types of tokens that it may exchange: access_token, id_token, txn_token for a replacement, or jwt, which is a JWT of an authority or an access token that is one",
    ),
  actorTokens: z
    .array(actorType)
    .default(["access_token"])
    .describe("The types of tokens that may prove who acts; default: access_token"),
  requestedTokens: z
    .array(tokenType)
    .min(1, expected("at least one type of token"))
    .default(["access_token", "jwt"])
    .describe(
      "The types of tokens that it may get; default: access_token and jwt. txn_token needs the tenant's trustDomain",
    ),
  audiences: z
    .array(filledIn)
    .default([])
    .describe("Globs of the audiences that it may ask for; default: none, so tokens keep those of the subject token"),
  mode: z
    .enum(MODES, expected(MODES.join(", ")))
    .default("delegation")
    .describe(
      "delegation: an actor token is required, and tokens say who acts; impersonation: none is accepted; any: the request decides",
    ),
  allowRefresh: flag
    .default(false)
    .describe("Whether it may ask for a refresh token, which ends when the subject token would expire"),
});
