import { createHash } from "node:crypto";
import type { FilePart, RegistryRules } from "../../src/registry/file-part.ts";
import {
  type Client,
  type Limits,
  OPERATOR_ROLES,
  type RateLimits,
  type SecretHash,
  type Tenant,
} from "../../src/registry/tenant.ts";

/** Rules that stored entries are built by, as of a file without operators for all tenants. */
export const testRules: RegistryRules = {
  grantTypes: [
    "arbitrary_token",
    "arbitrary_no_subject",
    "arbitrary_resource_owner",
    "arbitrary_oidc_resource_owner",
    "arbitrary_identity",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
  ],
  keyMaxStaleness: 900,
  publicUrl: "https://mint.example",
  operators: { named: new Map(), ofAll: new Map(), all: new Map() },
};

/** A file with these tenants and their operators. */
export function fileOf(...tenants: readonly Tenant[]): FilePart {
  const all = new Map(tenants.flatMap(({ operators }) => [...operators]));
  const ofAll = new Map([...all].filter(([, operator]) => operator.tenants === "*"));
  return {
    tenants: new Map(tenants.map((tenant) => [tenant.id, tenant])),
    words: new Map(),
    rules: { ...testRules, operators: { named: new Map(), ofAll, all } },
  };
}

export const CLIENT_ID = "arbitrary-resource-owner-client";
export const SECRET = "secret";

/** The operator of {@link testTenant}, whose secret is {@link SECRET} too. */
export const OPERATOR_ID = "operator";

export function sha256Secret(secret: string): SecretHash {
  return { kind: "sha256", digest: createHash("sha256").update(secret).digest() };
}

export const testLimits: Limits = {
  claimsBytes: 16 * 1024,
  claimsDepth: 8,
  claimsCount: 64,
  scopeLength: 300,
  subjectLength: 255,
  credentialLength: 100,
  tokenWarnBytes: 8 * 1024,
  tokenMaxBytes: 16 * 1024,
};

/** No limits. */
export const NO_RATE_LIMITS: RateLimits = {
  failed_authentication_per_client: [],
  failed_authentication_per_address: [],
  mint_per_client: [],
  requests_per_client: [],
};

/** A client that may do everything, with the members that a test cares about replaced. */
export function testClient(members: Partial<Client> = {}): Client {
  return {
    id: CLIENT_ID,
    namespace: undefined,
    secrets: [sha256Secret(SECRET)],
    workload: [],
    legacyAudience: false,
    requireSecret: true,
    enabled: true,
    grants: new Set(testRules.grantTypes),
    scopes: "*",
    defaultScopes: [],
    allowOfflineAccess: true,
    accessTokenType: "jwt",
    accessTokenProfile: "legacy",
    dpop: "allowed",
    dpopNonce: false,
    certificateBoundTokens: false,
    tlsClientAuth: undefined,
    tlsCertificates: [],
    allowConfirmation: false,
    accessTokenLifetime: 2_592_000,
    idTokenLifetime: 300,
    absoluteRefreshTokenLifetime: 2_592_000,
    slidingRefreshTokenLifetime: 1_296_000,
    refreshTokenUsage: "rotate",
    refreshGrace: 10,
    requireRefreshSecret: true,
    allowedIssuers: new Set(["https://accounts.google.com"]),
    allowedAudiences: undefined,
    allowedSubjects: undefined,
    allowedClaims: new Set(),
    maxTokenBytes: undefined,
    claims: new Map([["arbitrary_identity", { nudibranch_watermark: "Daffy Duck" }]]),
    introspection: "own",
    tokenExchange: {
      subjectTokens: ["access_token", "id_token", "jwt"],
      actorTokens: ["access_token", "id_token", "jwt"],
      requestedTokens: ["access_token", "jwt", "id_token"],
      audiences: ["*"],
      mode: "any",
      allowRefresh: true,
    },
    ...members,
  };
}

/** A tenant of the seeds' kind, with the members that a test cares about replaced. */
export function testTenant(members: Partial<Tenant> = {}, clients: readonly Client[] = [testClient()]): Tenant {
  return {
    id: "default",
    issuer: "https://mint.example",
    tokenEndpoint: "https://mint.example/connect/token",
    signing: {
      algorithm: "ES256",
      rotateEvery: 2_592_000,
      publishAhead: 86_400,
      jwksMaxAge: 3600,
      jwksKeyTypes: "all",
    },
    dpop: { window: 60, skew: 15 },
    refreshKeyRotateEvery: 2_592_000,
    strictClientAuthentication: false,
    resources: new Map([["aggregator_service", ["aggregator_service.read_only", "aggregator_service.full_access"]]]),
    authorities: new Map(),
    workloadIssuers: new Map(),
    clients: new Map(clients.map((client) => [client.id, client])),
    clientDefaults: {},
    namespaceClaim: "client_namespace",
    limits: testLimits,
    rateLimits: NO_RATE_LIMITS,
    operators: new Map([
      [OPERATOR_ID, { id: OPERATOR_ID, roles: new Set(OPERATOR_ROLES), tenants: "*", secrets: [sha256Secret(SECRET)] }],
    ]),
    ...members,
  };
}
