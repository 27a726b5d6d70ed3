import type * as z from "zod";
import type { configFile } from "../src/config/schema.ts";
import { SIGNING_ALGORITHMS } from "../src/keyring/algorithms.ts";
import type { SigningAlgorithm } from "../src/keyring/port.ts";

type ConfigFile = z.input<typeof configFile>;
type TenantFile = ConfigFile["tenants"][string];

/** The variable with the secret that all clients have. */
export const SECRET_VARIABLE = "INTEROP_SECRET";

const secrets = [`env:${SECRET_VARIABLE}`];

const resources = { orders: ["orders.read", "orders.write"], "https://invoices.example.com": [] };

/**
 * `billing` gets tokens for itself, `web` for users, and `gateway` exchanges those; `orders` is a resource server.
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
    tokenExchange: { subjectTokens: ["access_token"], audiences: ["shipping"], mode: "any" },
    accessTokenProfile: "rfc9068",
  },
};

/**
 * The configuration that the clients meet: at the root a tenant that signs with RS256, and below a path one for each
 * algorithm, named as that in lower case.
 */
export function interopConfig(): ConfigFile {
  const others = SIGNING_ALGORITHMS.map((algorithm) => [algorithm.toLowerCase(), tenant(algorithm)] as const);
  return { tenants: { default: tenant("RS256"), ...Object.fromEntries(others) } };
}

function tenant(algorithm: SigningAlgorithm): TenantFile {
  return { signing: { algorithm }, resources, clients };
}
