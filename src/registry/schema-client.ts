import * as z from "zod";
import { expected } from "../schema/explain.ts";
import { count, duration, durationOrZero, filledIn, flag, text } from "../schema/fields.ts";
import { ACCESS_TOKEN_PROFILES, type AccessTokenProfile } from "../token/access-token-profile.ts";
import { ALLOWABLE_CLAIMS } from "../token/reserved-claims.ts";
import { clientId, fixedClaims, scopeToken, secret } from "./fields.ts";
import { certificateName, certificateThumbprint } from "./schema-certificate.ts";
import { jwksUrl, publicJwks } from "./schema-keys.ts";
import { clientRateLimits } from "./schema-rate-limits.ts";
import { tokenExchange } from "./schema-token-exchange.ts";

/** The largest quota. */
const MAX_QUOTA = 1_000_000_000;

const PROFILES = Object.keys(ACCESS_TOKEN_PROFILES) as readonly AccessTokenProfile[];

/** One client in the file. `build-client.ts` fills in the defaults that depend on other keys. */
const client = z.strictObject({
  namespace: text.optional().describe("A name that the client shares with a group of clients; a claim of its tokens"),
  secrets: z
    .array(secret)
    .default([])
    .describe(
      "Its secrets: hashes (sha256:… of a generated secret, scrypt:… of one that a person chose), or env:NAME or file:PATH for plain text",
    ),
  jwks: publicJwks
    .optional()
    .describe("Its public keys, for private_key_jwt: a JWKS, with the keys that its assertions are signed with"),
  jwksUri: jwksUrl
    .optional()
    .describe("Where its public keys are, instead of jwks: the URL of a JWKS, https, or http on loopback"),
  jwksAllowPrivateNetwork: flag
    .default(false)
    .describe(
      "Whether jwksUri may be at private addresses; otherwise only at public ones, or on loopback if its host is",
    ),
  workload: z
    .array(
      z.strictObject({
        issuer: text.describe("The name of one of the tenant's workloadIssuers"),
        subject: text.describe("The sub of the workload's tokens, word for word: no pattern"),
      }),
    )
    .default([])
    .describe(
      "The workloads that are this client, by what their platform gives them instead of a secret; default: none",
    ),
  tlsClientAuth: certificateName
    .optional()
    .describe("The name in its certificate, if one of a trusted authority proves who it is (RFC 8705 section 2.1)"),
  tlsCertificates: z
    .array(certificateThumbprint)
    .default([])
    .describe(
      "Thumbprints of its own certificates, if they prove who it is, whoever issued them (RFC 8705 section 2.2)",
    ),
  certificateBoundTokens: flag
    .default(false)
    .describe("Whether its tokens are bound to the certificate of its connection (RFC 8705 section 3)"),
  allowConfirmation: flag
    .default(false)
    .describe("Whether it may bind access tokens to keys of others, with the parameter confirmation"),
  legacyAudience: flag
    .default(false)
    .describe(
      "Whether the aud of its assertions may be the URL of the token endpoint instead of the issuer, as clients of before RFC 7523bis write it",
    ),
  requireSecret: flag.default(true).describe("false: the secret is optional, as is any other proof"),
  allowPublicMint: flag
    .default(false)
    .describe(
      "Whether the client may have grants although its secret is optional, so that anyone can mint with its id",
    ),
  enabled: flag.default(true).describe("false: every request of the client is refused"),
  grants: z.array(text).default([]).describe("The grant types that it may use; default: none"),
  scopes: z
    .union([z.literal("*"), z.array(scopeToken)], expected('a list of scopes, or "*" for any'))
    .default([])
    .describe('The scopes that it may ask for; none unless named; "*": any'),
  defaultScopes: z
    .array(scopeToken)
    .default([])
    .describe("The scopes that it gets from client_credentials if it asks for none; default: none"),
  allowOfflineAccess: flag
    .default(false)
    .describe("Whether the client may request offline_access, and so a refresh token"),
  accessTokenType: z
    .enum(["jwt", "reference"], expected("jwt or reference"))
    .default("jwt")
    .describe("The type of its access tokens if the request names none"),
  accessTokenProfile: z
    .enum(PROFILES, expected(PROFILES.join(" or ")))
    .default("legacy")
    .describe(
      "The form of its access tokens. rfc9068: the header's typ is at+jwt, scope is one string, and sub is always there",
    ),
  dpop: z
    .enum(["allowed", "required"], expected("allowed or required"))
    .default("allowed")
    .describe("Whether it must show a DPoP proof (RFC 9449), or may: its tokens are bound to the proof's key"),
  dpopNonce: flag
    .default(false)
    .describe("Whether its DPoP proofs need a nonce of the mint, so that none can be made in advance"),
  accessTokenLifetime: duration
    .prefault(3600)
    .describe("The lifetime of its access tokens; a request can only shorten it"),
  idTokenLifetime: duration.prefault(300).describe("The lifetime of its id_tokens; a request can only shorten it"),
  absoluteRefreshTokenLifetime: duration.prefault("30d").describe("How long after its mint a grant can be refreshed"),
  slidingRefreshTokenLifetime: duration
    .optional()
    .describe(
      "The lifetime of an unused refresh token, at most the absolute lifetime; default: 15d, or the absolute lifetime if shorter",
    ),
  refreshTokenUsage: z
    .enum(["rotate", "reuse"], expected("rotate or reuse"))
    .default("rotate")
    .describe("Whether a refresh returns a new refresh token; reuse requires a secret at every refresh"),
  refreshGrace: durationOrZero
    .prefault(10)
    .describe("How long a retry with the previous refresh token gets the same answer; 0: never"),
  requireRefreshSecret: flag
    .optional()
    .describe("Whether a refresh needs the secret; default: the value of requireSecret"),
  allowedIssuers: z
    .array(filledIn)
    .default([])
    .describe("The issuers that arbitrary_token may name in addition to the tenant's own; never another tenant's"),
  allowedAudiences: z
    .array(filledIn)
    .optional()
    .describe(
      "Globs of the audiences that it may ask for; default: any, but as a resource only those that the tenant has",
    ),
  allowedSubjects: z
    .array(text)
    .optional()
    .describe(
      "Globs of the subjects that it may mint for; default: any. The id of a client that may use client_credentials or token exchange, or has the profile rfc9068, is allowed only if it is here word for word",
    ),
  allowedClaims: z
    .array(z.enum(ALLOWABLE_CLAIMS, expected(`one of ${ALLOWABLE_CLAIMS.join(", ")}`)))
    .default([])
    .describe(
      "Claims that it may set although some verifiers trust them as set by the mint, such as acr; default: none",
    ),
  maxGrants: count(MAX_QUOTA)
    .optional()
    .describe(
      "The most grants (refresh tokens) that are stored for it at once, including revoked ones that have not expired; default: no limit",
    ),
  maxReferenceTokens: count(MAX_QUOTA)
    .optional()
    .describe(
      "The most reference tokens that are stored for it at once, including revoked ones that have not expired; default: no limit",
    ),
  maxRevocations: count(MAX_QUOTA)
    .optional()
    .describe(
      "The most revocations that are stored for it at once; each is kept until what it revokes would have expired; default: no limit",
    ),
  tokenExchange: tokenExchange
    .optional()
    .describe("What it may exchange tokens for, if its grants have token exchange"),
  rateLimits: clientRateLimits.optional().describe("Rate limits that differ from the tenant's"),
  maxTokenBytes: count(1 << 20)
    .optional()
    .describe("The largest token that is issued, in bytes, if lower than the tenant's limit"),
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
    .describe(
      "Which access tokens it may introspect: its own, all of the tenant's, or its own and those for the named resources",
    ),
});

/** A client that is stored: its secrets are kept apart from its entry. */
export const storedClient = client.omit({ secrets: true });

/**
 * What clients leave out. Only checked here: what is filled in is what the file says, word for word. What proves who a
 * client is has no default: one client could then be any other.
 */
export const clientDefaults = storedClient
  .omit({ jwks: true, jwksUri: true, workload: true, tlsClientAuth: true, tlsCertificates: true })
  .partial();

/** The clients of a tenant in the file, by id. */
export const clients = z.record(clientId, client);

/** One client as parsed, with defaults filled in. */
export type ClientFile = z.output<typeof client>;
