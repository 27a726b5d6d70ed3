import type * as z from "zod";
import type { configFile } from "../src/config/schema.ts";
import { SIGNING_ALGORITHMS } from "../src/keyring/algorithms.ts";
import type { SigningAlgorithm } from "../src/keyring/port.ts";

type ConfigFile = z.input<typeof configFile>;
type TenantFile = ConfigFile["tenants"][string];

/** The variable with the secret of all clients that have one. */
export const SECRET_VARIABLE = "INTEROP_SECRET";

const secrets = [`env:${SECRET_VARIABLE}`];

const resources = { orders: ["orders.read", "orders.write"], "https://invoices.example.com": [] };

/**
 * `billing` gets tokens for itself, `web` for users, and `gateway` exchanges those; `orders` is a resource server. `signer`
 * and `oldSigner` prove themselves with a key, and the latter has the token endpoint as its audience.
 */
const clients: TenantFile["clients"] = {
  billing: {
    secrets,
    grants: ["client_credentials"],
    scopes: ["orders.read", "orders.write"],
    defaultScopes: ["orders.read"],
    accessTokenProfile: "rfc9068",
  },
  web: {
    secrets,
    grants: ["arbitrary_identity"],
    scopes: ["openid", "orders.read", "orders.write"],
    allowOfflineAccess: true,
    accessTokenProfile: "rfc9068",
  },
  orders: { secrets, introspection: ["orders"] },
  gateway: {
    secrets,
    grants: ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
    scopes: ["orders.read"],
    introspection: ["orders"],
    tokenExchange: {
      subjectTokens: ["access_token"],
      requestedTokens: ["access_token", "id_token", "txn_token"],
      audiences: ["shipping"],
      mode: "any",
    },
    accessTokenProfile: "rfc9068",
  },
};

/** `sensor` proves who it is and `phone` does not: their tokens are bound to a key of theirs. */
const boundClients: TenantFile["clients"] = {
  sensor: {
    secrets,
    grants: ["client_credentials", "arbitrary_identity"],
    scopes: ["orders.read"],
    allowOfflineAccess: true,
    introspection: ["orders"],
    dpop: "required",
    dpopNonce: true,
    accessTokenProfile: "rfc9068",
  },
  phone: {
    requireSecret: false,
    allowPublicMint: true,
    grants: ["arbitrary_identity"],
    scopes: ["orders.read"],
    allowOfflineAccess: true,
    dpop: "required",
    accessTokenProfile: "rfc9068",
  },
};

const signer: NonNullable<TenantFile["clients"]>[string] = {
  grants: ["client_credentials", "arbitrary_identity"],
  scopes: ["orders.read"],
  allowOfflineAccess: true,
  introspection: ["orders"],
  accessTokenProfile: "rfc9068",
};

/** What the configuration depends on. */
interface Surroundings {
  /** The public key of the clients that prove themselves with one. */
  readonly jwk: Readonly<Record<string, string>>;
  /** Where the keys of the trust domain are. */
  readonly bundle: string;
  /** The issuer of the authority that vouches for users. */
  readonly authority: string;
}

/**
 * The configuration that the clients meet: at the root a tenant that signs with RS256, and below a path one for each
 * algorithm, named as that in lower case. At the root, `invoices` is a workload, and `app` has users of an authority.
 */
export function interopConfig({ jwk, bundle, authority }: Surroundings): ConfigFile {
  const own = { ...signer, jwks: { keys: [jwk] } };
  const invoices = {
    grants: ["client_credentials"],
    workload: [{ issuer: "mesh", subject: "spiffe://mesh.example.com/billing/invoices" }],
  };
  const app = { secrets, grants: ["urn:ietf:params:oauth:grant-type:jwt-bearer"], scopes: ["orders.read"] };
  const root: TenantFile = {
    ...tenant("RS256"),
    authorities: { staff: { issuer: authority, audiences: ["app"], subjectPrefix: "staff.", assertions: "once" } },
    workloadIssuers: { mesh: { trustDomain: "mesh.example.com", jwksUri: bundle } },
    clients: {
      ...clients,
      ...boundClients,
      ledger,
      app,
      invoices,
      signer: own,
      oldSigner: { ...own, legacyAudience: true },
    },
  };
  const others = SIGNING_ALGORITHMS.map((algorithm) => [algorithm.toLowerCase(), tenant(algorithm)] as const);
  return { trustedProxies: ["127.0.0.1"], tenants: { default: root, ...Object.fromEntries(others) } };
}

/** Known by the name in its certificate. */
const ledger: NonNullable<TenantFile["clients"]>[string] = {
  tlsClientAuth: { type: "sanUri", value: "spiffe://example.org/ns/pay/sa/billing" },
  certificateBoundTokens: true,
  grants: ["client_credentials"],
};

/** The certificates, as PEM files, of a service that has some. */
interface Certificates {
  readonly certificate: string;
  readonly key: string;
  /** The authority of its clients. */
  readonly clientCa: string;
}

/** The configuration of a service that asks its clients for certificates. */
export function certificatesConfig({ certificate, key, clientCa }: Certificates, mtlsUrl: string): ConfigFile {
  const tls = { certificate, key, clientCertificates: { http: { ca: clientCa } } };
  return { tls, mtlsUrl, tenants: { default: { clients: { ledger } } } };
}

function tenant(algorithm: SigningAlgorithm): TenantFile {
  return { signing: { algorithm }, trustDomain: "shop.example", resources, clients };
}
