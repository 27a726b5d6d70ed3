import { z } from "zod";
import { MAX_DURATION } from "../base/duration.ts";
import { SIGNING_ALGORITHMS } from "../keyring/algorithms.ts";
import { expected } from "../schema/explain.ts";
import { count, duration, durationBetween, filledIn, flag, issuerUrl, text } from "../schema/fields.ts";
import { isSubjectText } from "../token/subject.ts";
import { authorityUrl, scopeToken, tenantId } from "./fields.ts";
import { clients } from "./schema-client.ts";

/** What a door reads is at most this large, so no part of it can be larger. */
const MAX_BODY = 64 * 1024;

const signing = z.strictObject({
  algorithm: z
    .enum(SIGNING_ALGORITHMS, expected(SIGNING_ALGORITHMS.join(", ")))
    .default("RS256")
    .describe("The JWS algorithm: RS256, PS256, ES256, ES384 or EdDSA"),
  rotateEvery: duration
    .prefault("30d")
    .describe("For how long a key signs; at least publishAhead, jwksMaxAge, keyMaxStaleness and a minute together"),
  publishAhead: duration
    .prefault("24h")
    .describe(
      "How long before it signs a key is published; at least jwksMaxAge, keyMaxStaleness and a minute together",
    ),
  jwksMaxAge: duration.prefault("1h").describe("For how long verifiers may keep the JWKS (Cache-Control: max-age)"),
});

const authority = z.strictObject({
  issuer: authorityUrl.describe("The iss of its id_tokens: https, or http on loopback"),
  audiences: z
    .array(filledIn, expected("a list of audiences"))
    .min(1, expected("at least one audience"))
    .describe("The aud values that are ours"),
  authorizedParties: z
    .array(filledIn, expected("a list of authorized parties"))
    .min(1, expected("at least one authorized party"))
    .optional()
    .describe("The azp values that are ours: who may have asked for the id_token; the audiences unless given"),
  subjectPrefix: z
    .string(expected("a string"))
    .refine(isSubjectText, expected("well-formed text without control characters"))
    .default("")
    .describe(
      "Put before the sub of the id_token, shorter than limits.subjectLength; required with more than one authority, " +
        "none of which may begin another's",
    ),
  amr: z.array(text).default([]).describe("What follows the grant's name in amr"),
  allowPrivateNetwork: flag
    .default(false)
    .describe(
      "Whether it may be at private addresses; otherwise at public ones alone, or on loopback if its issuer is",
    ),
});

const limits = z.strictObject({
  claimsBytes: count(MAX_BODY).default(16_384).describe("Bytes of all claims that a caller gives, as compact JSON"),
  claimsDepth: count(32).default(8).describe("How deep the JSON that a caller gives may be nested"),
  claimsCount: count(4096).default(64).describe("How many claims a caller may give"),
  scopeLength: count(MAX_BODY).default(300).describe("Characters of all scopes, joined by spaces"),
  subjectLength: count(MAX_BODY).default(255).describe("Characters of a subject"),
  credentialLength: count(1024).default(100).describe("Characters of a client id, and of a secret"),
  tokenWarnBytes: count(1 << 20)
    .optional()
    .describe("Bytes of an issued token from which a warning is logged; 8192 unless tokenMaxBytes is less"),
  tokenMaxBytes: count(1 << 20)
    .default(16_384)
    .describe("Bytes of an issued token that are refused"),
});

/** One tenant in the file. */
const tenant = z.strictObject({
  issuer: issuerUrl
    .optional()
    .describe("The iss of its tokens; the public URL, / and the tenant's id (default: the public URL) unless given"),
  signing: signing.prefault({}).describe("How its tokens are signed, and how its keys follow one another"),
  refreshKeyRotateEvery: durationBetween(3600, MAX_DURATION)
    .prefault("30d")
    .describe("For how long a key authenticates new refresh tokens; at least 1h"),
  strictClientAuthentication: flag
    .default(false)
    .describe("Refuses a request with credentials both in the header and in the form"),
  resources: z.record(scopeToken, z.array(scopeToken)).default({}).describe("A resource's name, and its scopes"),
  authorities: z
    .record(text, authority)
    .default({})
    .describe("The trusted OpenID providers by the name that callers use"),
  clients: clients.default({}).describe("The clients by id"),
  markClaim: text.default("client_namespace").describe("The claim that carries a client's namespace"),
  limits: limits.prefault({}).describe("How large requests and tokens may be"),
});

/** The tenants in the file, by id. */
export const tenants = z.record(tenantId, tenant);

/** What is read of one tenant. */
export type TenantFile = z.output<typeof tenant>;
/** What is read of all tenants, by id. */
export type TenantsFile = z.output<typeof tenants>;
/** What is read of the limits of a tenant. */
export type LimitsFile = z.output<typeof limits>;
