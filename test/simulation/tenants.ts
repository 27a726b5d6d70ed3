import type { Client, Tenant } from "../../src/registry/tenant.ts";
import { OPERATOR_ID, SECRET, testClient, testTenant } from "../support/tenant.ts";

/** Two tenants with the same clients, secrets and subjects: what crosses from one to the other is seen at once. */
export const TENANTS = ["acme", "globex"] as const;
export const CLIENTS = ["web", "app", "strict", "reuser"] as const;
export const SUBJECTS = ["alice", "bob", "carol"] as const;
export type ClientId = (typeof CLIENTS)[number];

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

/** The scope that a configuration may take away, and one that nobody may ask for. */
export const EXTRA_SCOPE = "extra";
export const FORBIDDEN_SCOPE = "forbidden";

/** What a change of the configuration changes. */
export interface Variant {
  /** What all lifetimes are multiplied by. */
  readonly lifetimes: number;
  readonly disabled: ClientId | undefined;
  readonly extraScope: boolean;
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
      signing: { algorithm: "ES256", rotateEvery, publishAhead, jwksMaxAge },
      refreshKeyRotateEvery,
      authorities: new Map([["idp", { issuer: "https://idp.example", audiences: [id], subjectPrefix: "", amr: [] }]]),
    },
    CLIENTS.map((client) => clientOf(client, variant)),
  );
}

function clientOf(id: ClientId, variant: Variant): Client {
  const members: { readonly [client in ClientId]: Partial<Client> } = {
    web: { namespace: "group", accessTokenLifetime: 30 },
    app: { namespace: "group", accessTokenType: "reference", accessTokenLifetime: 90, introspection: "tenant" },
    strict: { refreshGrace: 0, grants: new Set(["arbitrary_identity", "arbitrary_no_subject"]) },
    reuser: { refreshTokenUsage: "reuse" },
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
