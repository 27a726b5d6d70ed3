import { hash } from "node:crypto";
import { CREDENTIALS } from "./credentials.ts";

/** The path of the tenant that signs with ES256; that at the root signs with RS256. */
export const ES256 = "/es256";

/** Two tenants with one client each. */
export const twoTenants = configurationOf({ default: tenant("RS256"), es256: tenant("ES256") });

/** No tenants in the file but one, and an operator; all polls are once a second. */
export const operated = {
  ...configurationOf({ default: tenant("ES256") }),
  operators: { operator: { secrets: [secretHash()], roles: ["clients"], tenants: "*" } },
  keyPollEvery: "1s",
  registryPollEvery: "1s",
};

/** So many tenants that sign with ES256, and how often their keys are read in the store. */
export function manyTenants(count: number, keyPollEvery = "5m"): object {
  const tenants = Array.from({ length: count }, (_, index) => [`t${index}`, tenant("ES256")] as const);
  return { ...configurationOf(Object.fromEntries(tenants)), keyPollEvery };
}

function configurationOf(tenants: object): object {
  return { publicUrl: "https://mint.example", tenants };
}

function tenant(algorithm: string): object {
  const client = {
    secrets: [secretHash()],
    grants: ["arbitrary_resource_owner"],
    allowOfflineAccess: true,
    scopes: "*",
  };
  return { signing: { algorithm }, clients: { [CREDENTIALS.client_id]: client } };
}

function secretHash(): string {
  return `sha256:${hash("sha256", CREDENTIALS.client_secret, "base64url")}`;
}
