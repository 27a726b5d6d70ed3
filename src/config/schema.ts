import { z } from "zod";
import { operators } from "../registry/schema-operator.ts";
import { tenants } from "../registry/schema-tenant.ts";
import { duration, durationBetween, durationOrZero, flag } from "../schema/fields.ts";
import { address, logLevel, milliseconds, network, path, publicUrl, storeUrl } from "./fields.ts";

/** Where data is unless configured. */
const DEFAULT_STORE = "sqlite:./data/mintmark.db";

/** The YAML file. Nothing in it is for one deployment alone; what is has a variable that overrides it. */
export const configFile = z
  .strictObject({
    publicUrl: publicUrl
      .optional()
      .describe("Where clients find the service (MINTMARK_PUBLIC_URL); http(s):// and the HTTP address unless given"),
    httpAddress: address
      .prefault("127.0.0.1:7001")
      .describe("Where the OAuth2 gateway listens, host:port (MINTMARK_HTTP_ADDRESS)"),
    rpcAddress: address.prefault("127.0.0.1:7002").describe("Where gRPC listens, host:port (MINTMARK_RPC_ADDRESS)"),
    operatorAddress: address
      .optional()
      .describe(
        "Where the operators' RPCs listen, host:port (MINTMARK_OPERATOR_ADDRESS), by Connect and gRPC-Web; with it they are " +
          "on no other port",
      ),
    store: storeUrl
      .default(DEFAULT_STORE)
      .describe("Where data is kept (MINTMARK_STORE, or MINTMARK_STORE_FILE, a file that holds the URL)"),
    keyEncryptionKeyFile: path
      .optional()
      .describe(
        "A file with the key-encryption keys (MINTMARK_KEY_ENCRYPTION_KEY_FILE, or MINTMARK_KEY_ENCRYPTION_KEY with the " +
          "keys themselves)",
      ),
    logLevel: logLevel.default("info").describe("The least that is logged (MINTMARK_LOG_LEVEL)"),
    tls: z
      .strictObject({
        certificate: path.describe("Path of the certificate chain, PEM"),
        key: path.describe("Path of the private key, PEM"),
      })
      .optional()
      .describe("TLS for every port"),
    trustedProxies: z
      .array(network)
      .default([])
      .describe(
        "The proxies in front of the service that end TLS, and whose Forwarded or X-Forwarded-For tells a caller's address: IP addresses, or networks such as 10.1.0.0/16",
      ),
    insecureHttp: flag
      .default(false)
      .describe("Allows plain HTTP and gRPC on addresses that others may reach, without tls and trustedProxies"),
    keyPollEvery: durationBetween(1, 300)
      .prefault("5s")
      .describe("How often a node reads the keys that the store has; from 1s to 5m"),
    keyMaxStaleness: duration
      .prefault("15m")
      .describe("How long a node goes on with the keys that it read; at least three polls. Then it stops signing"),
    operators: operators.default({}).describe("Who may rotate the keys of which tenants, by id"),
    tenants: tenants.describe("The tenants by id; default is served at the root"),
  })
  .describe("The configuration of mintmark. Relative paths start at the working directory.");

/** What is read of the whole file, defaults filled in. */
export type ConfigFile = z.output<typeof configFile>;

/** What variables may override, by their names. */
export const environment = z.object({
  MINTMARK_CONFIG: z.string().optional(),
  MINTMARK_STORE: storeUrl.optional(),
  MINTMARK_STORE_FILE: z.string().optional(),
  MINTMARK_START_TIMEOUT: durationBetween(1, 3600).prefault("60s"),
  MINTMARK_MAX_CLOCK_LAG: durationOrZero.prefault("10s"),
  MINTMARK_MAX_CLOCK_SKEW: milliseconds(10_000).optional(),
  MINTMARK_KEY_ENCRYPTION_KEY: z.string().optional(),
  MINTMARK_KEY_ENCRYPTION_KEY_FILE: z.string().optional(),
  MINTMARK_HTTP_ADDRESS: address.optional(),
  MINTMARK_RPC_ADDRESS: address.optional(),
  MINTMARK_OPERATOR_ADDRESS: address.optional(),
  MINTMARK_PUBLIC_URL: publicUrl.optional(),
  MINTMARK_LOG_LEVEL: logLevel.optional(),
});

/** What is read of the variables. */
export type Environment = z.output<typeof environment>;
