import type { Client, RateLimits, Tenant } from "../../src/registry/tenant.ts";
import { NO_RATE_LIMITS, OPERATOR_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

/** Two tenants with the same clients, secrets and subjects: what crosses from one to the other is seen at once. */
export const TENANTS = ["acme", "globex"] as const;
/** A tenant that nobody ever asks for anything: its keys rotate all the same. */
export const QUIET_TENANT = "initech";
/** The tenant that operators register and delete. */
export const REGISTERED_TENANT = "hooli";

export const CLIENTS = ["web", "app", "strict", "reuser"] as const;
export const SUBJECTS = ["alice", "bob", "carol"] as const;
export type ClientId = (typeof CLIENTS)[number];

/** The client whose tokens without another subject are its own (RFC 9068 section 2.2). */
export const OWN_SUBJECT: ClientId = "web";

/** The client that has no secret, and proves who it is by its own key. */
export const ASSERTING_CLIENT = "keyed";
/** What stands for its private key, and in the simulation for its public one too. */
export const ASSERTION_SECRET = "the key of keyed";

/**
 * Clients whose tokens are bound to a key of theirs: one that is public and has to have one, one that proves who it is, and
 * one whose tokens are bound to its certificate.
 */
export const BOUND_CLIENTS = ["mobile", "backend", "certified"] as const;
type BoundClientId = (typeof BOUND_CLIENTS)[number];

/** The client whose requests are limited, where there are limits. */
export const LIMITED_CLIENT = "limited";

/** How far the clocks of nodes may differ, in milliseconds. */
export const SKEW = 50;

/** Seconds; in such relations as the configuration demands, but for how long they are. */
export const KEY_TIMES = {
  keyPollEvery: 5,
  keyMaxStaleness: 40,
  jwksMaxAge: 30,
  publishAhead: 130,
  rotateEvery: 260,
  refreshKeyRotateEvery: 200,
} as const;

/** Seconds. */
export const REGISTRY_TIMES = { registryPollEvery: 2, registryMaxStaleness: 30 } as const;

/** The scope that a configuration may take away, and one that nobody may ask for. */
export const EXTRA_SCOPE = "extra";
export const FORBIDDEN_SCOPE = "forbidden";

/** What a change of the configuration changes. */
export interface Variant {
  /** What all lifetimes are multiplied by. */
  readonly lifetimes: number;
  readonly disabled: ClientId | undefined;
  readonly extraScope: boolean;
  /** Whether there are limits, and a client that has some of its own; absent: no. */
  readonly limits?: true;
}

export const FIRST_VARIANT: Variant = { lifetimes: 1, disabled: undefined, extraScope: true };

export const credentialsOf = (clientId: string) => ({ clientId, clientSecret: SECRET });

export const OPERATOR = {
  authorization: `Basic ${Buffer.from(`${OPERATOR_ID}:${SECRET}`).toString("base64")}`,
};

const built = new WeakMap<Variant, Map<string, Tenant>>();

/** A tenant as a variant has it. */
export function tenantOf(id: string, variant: Variant): Tenant {
  const known = built.get(variant) ?? new Map<string, Tenant>();
  built.set(variant, known);
  const tenant = known.get(id) ?? buildTenant(id, variant);
  known.set(id, tenant);
  return tenant;
}

function buildTenant(id: string, variant: Variant): Tenant {
  const issuer = `https://${id}.example`;
  const { rotateEvery, publishAhead, jwksMaxAge, refreshKeyRotateEvery } = KEY_TIMES;
  return testTenant(
    {
      id,
      issuer,
      signing: { algorithm: "ES256", rotateEvery, publishAhead, jwksMaxAge, jwksKeyTypes: "all" },
      refreshKeyRotateEvery,
      authorities: new Map([["idp", { issuer: "https://idp.example", audiences: [id], subjectPrefix: "", amr: [] }]]),
      rateLimits: variant.limits ? LIMITS : NO_RATE_LIMITS,
    },
    [
      ...[...CLIENTS, ...BOUND_CLIENTS].map((client) => clientOf(client, variant)),
      ASSERTING,
      ...(variant.limits ? [LIMITED] : []),
    ],
  );
}

/** Nobody but guessers and the limited client is counted: the others come from no address. */
const LIMITS: RateLimits = {
  ...NO_RATE_LIMITS,
  failed_authentication_per_client: [
    { most: 3, period: 20 },
    { most: 5, period: 90 },
  ],
  failed_authentication_per_address: [{ most: 6, period: 30 }],
};

const LIFETIMES = {
  accessTokenLifetime: 20,
  idTokenLifetime: 20,
  slidingRefreshTokenLifetime: 100,
  absoluteRefreshTokenLifetime: 400,
};

const ASSERTING = testClient({
  id: ASSERTING_CLIENT,
  secrets: [],
  keys: { jwks: [{ x: ASSERTION_SECRET }] },
  ...LIFETIMES,
});

const LIMITED = testClient({
  id: LIMITED_CLIENT,
  ...LIFETIMES,
  claims: new Map(),
  rateLimits: {
    mint_per_client: [
      { most: 3, period: 5 },
      { most: 8, period: 60 },
    ],
    requests_per_client: [{ most: 5, period: 10 }],
  },
});

function clientOf(id: ClientId | BoundClientId, variant: Variant): Client {
  const members: { readonly [client in ClientId | BoundClientId]: Partial<Client> } = {
    web: { namespace: "group", accessTokenLifetime: 30, accessTokenProfile: "rfc9068" },
    app: { namespace: "group", accessTokenType: "reference", accessTokenLifetime: 90, introspection: "tenant" },
    strict: { refreshGrace: 0, grants: new Set(["arbitrary_identity", "arbitrary_no_subject"]) },
    reuser: { refreshTokenUsage: "reuse" },
    mobile: { dpop: "required", allowConfirmation: true, requireSecret: false, requireRefreshSecret: false },
    backend: { accessTokenType: "reference" },
    certified: { certificateBoundTokens: true },
  };
  const client = testClient({
    id,
    accessTokenLifetime: 60,
    idTokenLifetime: 30,
    slidingRefreshTokenLifetime: 100,
    absoluteRefreshTokenLifetime: 400,
    refreshGrace: 10,
    scopes: new Set(["read", "write", ...(variant.extraScope ? [EXTRA_SCOPE] : [])]),
    enabled: variant.disabled !== id,
    claims: new Map(),
    ...members[id],
  });
  return { ...client, ...stretched(client, variant.lifetimes) };
}

function stretched(client: Client, factor: number) {
  return {
    accessTokenLifetime: client.accessTokenLifetime * factor,
    idTokenLifetime: client.idTokenLifetime * factor,
    slidingRefreshTokenLifetime: client.slidingRefreshTokenLifetime * factor,
    absoluteRefreshTokenLifetime: client.absoluteRefreshTokenLifetime * factor,
  };
}
