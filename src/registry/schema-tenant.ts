import * as z from "zod";
import { MAX_DURATION } from "../base/duration.ts";
import { SIGNING_ALGORITHMS } from "../keyring/algorithms.ts";
import { expected } from "../schema/explain.ts";
import { count, duration, durationBetween, durationOrZero, filledIn, flag, issuerUrl, text } from "../schema/fields.ts";
import { isSubjectText } from "../token/subject.ts";
import { authorityUrl, scopeToken, tenantId } from "./fields.ts";
import { clientDefaults, clients } from "./schema-client.ts";
import { jwksUrl, publicJwks } from "./schema-keys.ts";
import { rateLimits } from "./schema-rate-limits.ts";
import { JWKS_KEY_TYPES } from "./signing-policy.ts";

/** No request body is larger, in bytes, so no part of one can be. */
const MAX_BODY = 64 * 1024;

const signing = z.strictObject({
  algorithm: z
    .enum(SIGNING_ALGORITHMS, expected(SIGNING_ALGORITHMS.join(", ")))
    .default("RS256")
    .describe("The JWS algorithm: RS256, PS256, ES256, ES384, ES512, Ed25519, EdDSA or ML-DSA-44"),
  rotateEvery: duration
    .prefault("30d")
    .describe("How long a key signs; at least publishAhead, jwksMaxAge, keyMaxStaleness and a minute together"),
  publishAhead: duration
    .prefault("24h")
    .describe(
      "How long a key is published before it signs; at least jwksMaxAge, keyMaxStaleness and a minute together",
    ),
  jwksMaxAge: duration.prefault("1h").describe("How long verifiers may cache the JWKS (Cache-Control: max-age)"),
  jwksKeyTypes: z
    .enum(JWKS_KEY_TYPES, expected(JWKS_KEY_TYPES.join(" or ")))
    .default("all")
    .describe(
      "Which keys the JWKS has: all, or classic, for verifiers that fail on a kty that they do not know: only RSA, EC and OKP",
    ),
});

const dpop = z.strictObject({
  window: durationBetween(1, 600).prefault("60s").describe("How old a DPoP proof may be; at most 10m"),
  skew: durationOrZero.prefault("15s").describe("By how much the clock of a client with a DPoP proof may differ"),
});

const authority = z.strictObject({
  issuer: authorityUrl.describe("The iss of its id_tokens: https, or http on loopback"),
  audiences: z
    .array(filledIn, expected("a list of audiences"))
    .min(1, expected("at least one audience"))
    .describe("The aud values that are accepted"),
  authorizedParties: z
    .array(filledIn, expected("a list of authorized parties"))
    .min(1, expected("at least one authorized party"))
    .optional()
    .describe("The azp values that are accepted: who may ask for an id_token; default: the audiences"),
  subjectPrefix: z
    .string(expected("a string"))
    .refine(isSubjectText, expected("well-formed text without control characters"))
    .default("")
    .describe(
      "The prefix that is put before the sub of the id_token; shorter than limits.subjectLength. With several authorities each needs one, " +
        "and none may be the beginning of another",
    ),
  assertions: z
    .enum(["none", "once", "reusable"], expected("none, once or reusable"))
    .default("none")
    .describe(
      "Whether the grant jwt-bearer takes its JWTs whose aud is this tenant's issuer. once: each needs a jti, and works once; reusable: one without jti works until it expires",
    ),
  amr: z.array(text).default([]).describe("Values to add to amr after the name of the grant"),
  allowPrivateNetwork: flag
    .default(false)
    .describe(
      "Whether it may be at private addresses; otherwise only at public ones, or on loopback if its issuer is there",
    ),
});

const workloadIssuer = z.strictObject({
  issuer: authorityUrl.optional().describe("The iss of its tokens, such as a cluster's: https, or http on loopback"),
  trustDomain: z
    .string(expected("a trust domain"))
    .regex(/^[a-z0-9._-]{1,255}$/, expected("a trust domain of SPIFFE, such as example.org"))
    .optional()
    .describe("Its trust domain, if its tokens are JWT-SVIDs (SPIFFE), instead of issuer"),
  jwks: publicJwks.optional().describe("Its public keys, a JWKS; of a trust domain, its bundle"),
  jwksUri: jwksUrl
    .optional()
    .describe("Where its public keys are, instead of jwks; default: where the discovery document of issuer says"),
  allowPrivateNetwork: flag
    .default(false)
    .describe("Whether they may be at private addresses; otherwise only at public ones, or on loopback if the URL is"),
});

const limits = z.strictObject({
  claimsBytes: count(MAX_BODY)
    .default(16_384)
    .describe("The maximum size of all claims in a request, as compact JSON, in bytes"),
  claimsDepth: count(32).default(8).describe("The maximum depth of nesting in the JSON of a request"),
  claimsCount: count(4096).default(64).describe("The maximum number of claims in a request"),
  scopeLength: count(MAX_BODY)
    .default(300)
    .describe("The maximum length of all scopes, joined by spaces, in characters"),
  subjectLength: count(MAX_BODY).default(255).describe("The maximum length of a subject, in characters"),
  credentialLength: count(1024)
    .default(100)
    .describe("The maximum length of a client id, and of a secret, in characters"),
  tokenWarnBytes: count(1 << 20)
    .optional()
    .describe(
      "Size of an issued token, in bytes, above which a warning is logged; default: 8192, or tokenMaxBytes if less",
    ),
  tokenMaxBytes: count(1 << 20)
    .default(16_384)
    .describe("The maximum size of an issued token, in bytes"),
});

/** One tenant in the file. */
const tenant = z.strictObject({
  issuer: issuerUrl
    .optional()
    .describe(
      "The iss of its tokens; default: the public URL, / and the tenant's id (for the tenant default, the public URL alone)",
    ),
  signing: signing.prefault({}).describe("How its tokens are signed, and when its keys rotate"),
  dpop: dpop.prefault({}).describe("Which DPoP proofs are accepted (RFC 9449)"),
  refreshKeyRotateEvery: durationBetween(3600, MAX_DURATION)
    .prefault("30d")
    .describe("How long a key authenticates new refresh tokens; at least 1h"),
  strictClientAuthentication: flag
    .default(false)
    .describe("Refuses requests with credentials both in the header and in the form"),
  resources: z.record(scopeToken, z.array(scopeToken)).default({}).describe("Resources by name, each with its scopes"),
  authorities: z
    .record(text, authority)
    .default({})
    .describe("The trusted OpenID providers by the name that callers use"),
  workloadIssuers: z
    .record(text, workloadIssuer)
    .default({})
    .describe("Who vouches for workloads that are clients, by the name that the clients' workload uses"),
  clientDefaults: clientDefaults
    .optional()
    .describe("Members for all clients that leave them out, those that operators create included"),
  clients: clients.default({}).describe("The clients by id"),
  trustDomain: filledIn
    .optional()
    .describe(
      "The aud of its transaction tokens: the name of the domain whose workloads they are for; default: it issues none",
    ),
  markClaim: text.default("client_namespace").describe("The claim that carries a client's namespace"),
  limits: limits.prefault({}).describe("How large requests and tokens may be"),
  rateLimits: rateLimits.prefault({}).describe("Rate limits"),
});

/** A tenant that is stored: its clients are kept apart from its entry. */
export const storedTenant = tenant.omit({ clients: true });

/** The tenants in the file, by id. */
export const tenants = z.record(tenantId, tenant);

/** One tenant as parsed. */
export type TenantFile = z.output<typeof tenant>;
/** All tenants as parsed, by id. */
export type TenantsFile = z.output<typeof tenants>;
/** The limits of a tenant as parsed. */
export type LimitsFile = z.output<typeof limits>;
