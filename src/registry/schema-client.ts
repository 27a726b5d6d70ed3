import { z } from "zod";
import { expected } from "../schema/explain.ts";
import { count, duration, durationOrZero, filledIn, flag, text } from "../schema/fields.ts";
import { ALLOWABLE_CLAIMS } from "../token/reserved-claims.ts";
import { clientId, fixedClaims, scopeToken, secret } from "./fields.ts";

/** The largest quota. */
const MAX_QUOTA = 1_000_000_000;

/** One client in the file. Its defaults that depend on other keys are filled in by `build-client.ts`. */
const client = z.strictObject({
  namespace: text.optional().describe("The mark that the client shares with a group of clients; a claim of its tokens"),
  secrets: z
    .array(secret)
    .default([])
    .describe("Hashes of its secrets (sha256:… of generated ones, scrypt:… of human ones), or env:NAME for plain text"),
  requireSecret: flag.default(true).describe("false: the secret may be left out"),
  allowPublicMint: flag
    .default(false)
    .describe(
      "Whether the client may have grants though its secret may be left out, so that anybody mints with its id",
    ),
  enabled: flag.default(true).describe("false: every request of the client is refused"),
  grants: z.array(text).default([]).describe("The grant types that it may use; none unless named"),
  scopes: z
    .union([z.literal("*"), z.array(scopeToken)], expected('a list of scopes, or "*" for any'))
    .default([])
    .describe('The scopes that it may ask for; none unless named; "*": any'),
  allowOfflineAccess: flag.default(false).describe("Whether offline_access, and with it a refresh token, is granted"),
  accessTokenType: z
    .enum(["jwt", "reference"], expected("jwt or reference"))
    .default("jwt")
    .describe("What its access tokens are, unless the request says otherwise"),
  accessTokenLifetime: duration.prefault(3600).describe("How long its access tokens live; a request can only lower it"),
  idTokenLifetime: duration.prefault(300).describe("How long its id_tokens live; a request can only lower it"),
  absoluteRefreshTokenLifetime: duration.prefault("30d").describe("How long a grant can be refreshed at most"),
  slidingRefreshTokenLifetime: duration
    .optional()
    .describe("How long a refresh token waits to be used; at most the absolute lifetime, 15d unless that is shorter"),
  refreshTokenUsage: z
    .enum(["rotate", "reuse"], expected("rotate or reuse"))
    .default("rotate")
    .describe("Whether a refresh gives a new refresh token; reuse needs a secret at every refresh"),
  refreshGrace: durationOrZero
    .prefault(10)
    .describe("For how long a retry with the last refresh token gets the same answer; 0: not at all"),
  requireRefreshSecret: flag.optional().describe("Whether a refresh needs the secret; as requireSecret unless false"),
  allowedIssuers: z
    .array(filledIn)
    .default([])
    .describe("The issuers that arbitrary_token may name beside the tenant's own; never another tenant's"),
  allowedAudiences: z
    .array(filledIn)
    .optional()
    .describe("Globs of the audiences that it may ask for; any unless named"),
  allowedSubjects: z.array(text).optional().describe("Globs of the subjects that it may mint for; any unless named"),
  allowedClaims: z
    .array(z.enum(ALLOWABLE_CLAIMS, expected(`one of ${ALLOWABLE_CLAIMS.join(", ")}`)))
    .default([])
    .describe("Claims that it may set though they mean something to some verifiers, such as acr; none unless named"),
  maxGrants: count(MAX_QUOTA)
    .optional()
    .describe(
      "How many grants (refresh tokens) may be kept for it at once, revoked ones until their time is over; any number unless given",
    ),
  maxReferenceTokens: count(MAX_QUOTA)
    .optional()
    .describe(
      "How many reference tokens may be kept for it at once, revoked ones until they expire; any number unless given",
    ),
  maxRevocations: count(MAX_QUOTA)
    .optional()
    .describe(
      "How many revocations may be kept for it at once, until what they ended would have; any number unless given",
    ),
  maxTokenBytes: count(1 << 20)
    .optional()
    .describe("Bytes of an issued token that are refused, where lower than the tenant's limit"),
  claims: z
    .record(text, fixedClaims)
    .default({})
    .describe("Fixed claims by grant type, or * for all grants; a request cannot override them"),
  introspection: z
    .union(
      [z.enum(["own", "tenant"]), z.array(text).min(1, expected("at least one resource"))],
      expected("own, tenant or a list of resources"),
    )
    .default("own")
    .describe("Whose access tokens it may introspect: its own, the tenant's, or those for the named resources too"),
});

/** The clients of a tenant in the file, by id. */
export const clients = z.record(clientId, client);

/** What is read of one client, defaults filled in. */
export type ClientFile = z.output<typeof client>;
