import type * as z from "zod";
import type { Address } from "../base/address.ts";
import { formatAddress, isLoopback } from "../base/address.ts";
import { sha256Entry } from "../registry/secret.ts";
import { OPERATOR_ROLES } from "../registry/tenant.ts";
import type { Problems } from "../schema/problems.ts";
import { TOKEN_TYPE_NAMES } from "../token/token-types.ts";
import type { configFile } from "./schema.ts";

/** The client in examples of the development configuration. Its secret is public. */
export const DEVELOPMENT_CLIENT = { id: "arbitrary-resource-owner-client", secret: "secret" } as const;

/**
 * The public key of the client in examples; the private one is in the documentation (`docs/client-authentication.md`), as public as the
 * secret.
 */
const DEVELOPMENT_KEY = {
  kty: "EC",
  crv: "P-256",
  x: "ddtKO9thsWiqXRJof8U4687e1COC0Pxv0APSgyQuQ5o",
  y: "VDl98lQjGEPZoXquH_jtRfq3A-GVCWE2CyxZ5Km-o5w",
  alg: "ES256",
} as const;

/** Who may do everything with both tenants of the development configuration. The secret is public. */
const DEVELOPMENT_OPERATOR = { id: "operator", secret: "secret" } as const;

const OTHER_CLIENT = {
  id: "a1ce197b-dd13-43a0-8376-7b762304fdd5",
  secret: "DqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE",
} as const;

/** Logged at every start with the development configuration. */
export const DEVELOPMENT_WARNING =
  "No configuration file was given: this is the built-in development configuration. Its secrets are public; " +
  "never use it in production. Specify a file with --config or MINTMARK_CONFIG.";

/**
 * The configuration without a file: two tenants whose clients and operator may do everything, for this machine only.
 */
export function developmentConfig(grantTypes: readonly string[]): z.input<typeof configFile> {
  return {
    operators: {
      [DEVELOPMENT_OPERATOR.id]: {
        secrets: [hashed(DEVELOPMENT_OPERATOR.secret)],
        roles: [...OPERATOR_ROLES],
        tenants: "*",
      },
    },
    tenants: { default: developmentTenant(grantTypes), acme: developmentTenant(grantTypes) },
  };
}

/** Notes a problem if others can reach an address. */
export function checkDevelopmentAddress(address: Address, problems: Problems): void {
  if (isLoopback(address.host)) return;
  problems.add(
    `expected a loopback address such as 127.0.0.1:${address.port}, got ${formatAddress(address)}: without a ` +
      "configuration file all secrets are public. Specify one with --config or MINTMARK_CONFIG",
  );
}

/** A command that mints a token with the development configuration. */
export function developmentCurl(publicUrl: string): string {
  return [
    `curl -s ${publicUrl}/connect/token`,
    `-u ${DEVELOPMENT_CLIENT.id}:${DEVELOPMENT_CLIENT.secret}`,
    "-d grant_type=arbitrary_token",
    `-d issuer=${publicUrl}`,
    "-d subject=alice",
    `--data-urlencode 'arbitrary_claims={"role":["admin","limited"]}'`,
  ].join(" ");
}

function developmentTenant(grantTypes: readonly string[]) {
  return {
    trustDomain: "development.example",
    resources: { aggregator_service: ["aggregator_service.read_only", "aggregator_service.full_access"] },
    authorities: {
      "wellknown://google": {
        issuer: "https://accounts.google.com",
        audiences: ["1096301616546-edbl612881t7rkpljp3qa3juminskulo.apps.googleusercontent.com"],
        subjectPrefix: "myCompany.",
        amr: ["pwd"],
        assertions: "reusable" as const,
      },
      "wellknown://apple": {
        issuer: "https://appleid.apple.com",
        audiences: ["com.example.app"],
        subjectPrefix: "myCompanyApple.",
        amr: ["pwd"],
        assertions: "reusable" as const,
      },
    },
    workloadIssuers: {
      development: {
        trustDomain: "example.org",
        jwks: { keys: [{ ...DEVELOPMENT_KEY, kid: "development", use: "jwt-svid" }] },
      },
    },
    clients: {
      [DEVELOPMENT_CLIENT.id]: {
        ...developmentClient(DEVELOPMENT_CLIENT.secret, grantTypes),
        jwks: { keys: [DEVELOPMENT_KEY] },
        workload: [{ issuer: "development", subject: "spiffe://example.org/development" }],
      },
      [OTHER_CLIENT.id]: developmentClient(OTHER_CLIENT.secret, grantTypes),
    },
  };
}

function developmentClient(secret: string, grantTypes: readonly string[]) {
  return {
    secrets: [hashed(secret)],
    grants: [...grantTypes],
    scopes: "*" as const,
    allowOfflineAccess: true,
    accessTokenLifetime: 2_592_000,
    requireRefreshSecret: false,
    allowConfirmation: true,
    allowedIssuers: ["https://accounts.google.com"],
    tokenExchange: {
      subjectTokens: [...TOKEN_TYPE_NAMES],
      actorTokens: ["access_token" as const, "id_token" as const, "jwt" as const],
      requestedTokens: [...TOKEN_TYPE_NAMES],
      audiences: ["*"],
      mode: "any" as const,
      allowRefresh: true,
    },
    // Any, as without it, but for resource too.
    allowedAudiences: ["*"],
    claims: { arbitrary_identity: { nudibranch_watermark: "Daffy Duck" } },
  };
}

function hashed(secret: string): string {
  return sha256Entry(secret);
}
