import * as z from "zod";
import { operators } from "../registry/schema-operator.ts";
import { tenants } from "../registry/schema-tenant.ts";
import { expected } from "../schema/explain.ts";
import { count, duration, durationBetween, durationOrZero, flag } from "../schema/fields.ts";
import {
  address,
  logFormat,
  logLevel,
  milliseconds,
  network,
  path,
  publicUrl,
  shutdownDelay,
  storeUrl,
  tlsVersion,
  workers,
} from "./fields.ts";

/** The default of store. */
const DEFAULT_STORE = "sqlite:./data/mintmark.db";

/** The certificates that one port asks for. */
const clientCertificates = z
  .strictObject({
    ca: path.describe("The path of the certificates of the clients' authorities, in PEM"),
    required: flag.default(false).describe("Whether a client without such a certificate is refused a connection"),
  })
  .optional();

/** The YAML file. A setting that differs between deployments has a variable that overrides it. */
export const configFile = z
  .strictObject({
    publicUrl: publicUrl
      .optional()
      .describe("Where clients find the service (MINTMARK_PUBLIC_URL); default: http(s):// and the HTTP address"),
    mtlsUrl: publicUrl
      .optional()
      .describe(
        "Where clients with certificates find the service, if that is another URL: the metadata's mtls_endpoint_aliases (RFC 8705 section 5)",
      ),
    httpAddress: address
      .prefault("127.0.0.1:7001")
      .describe("Where the OAuth2 gateway listens, host:port (MINTMARK_HTTP_ADDRESS)"),
    rpcAddress: address.prefault("127.0.0.1:7002").describe("Where gRPC listens, host:port (MINTMARK_RPC_ADDRESS)"),
    operatorAddress: address
      .optional()
      .describe(
        "Where the operators' RPCs listen, host:port (MINTMARK_OPERATOR_ADDRESS), over Connect and gRPC-Web; if set, no " +
          "other port serves them",
      ),
    managementAddress: address
      .prefault("127.0.0.1:7003")
      .describe(
        "Where /livez, /readyz and /metrics are served, host:port (MINTMARK_MANAGEMENT_ADDRESS), over plain HTTP; no other port " +
          "serves them",
      ),
    store: storeUrl
      .default(DEFAULT_STORE)
      .describe(
        "Where data is stored (MINTMARK_STORE, or MINTMARK_STORE_FILE, which names a file that contains the URL)",
      ),
    keyEncryptionKeyFile: path
      .optional()
      .describe(
        "A file with the key-encryption keys (MINTMARK_KEY_ENCRYPTION_KEY_FILE, or MINTMARK_KEY_ENCRYPTION_KEY with the " +
          "keys themselves)",
      ),
    workers: workers
      .default("auto")
      .describe(
        "How many processes serve side by side, 1 to 256 (MINTMARK_WORKERS); auto: with MongoDB, one for each processor that " +
          "the service may use; with SQLite, 1",
      ),
    shutdownDelay: shutdownDelay
      .default(0)
      .describe(
        "How long a service that is told to stop goes on serving, while it says that it is not ready; up to 10m " +
          "(MINTMARK_SHUTDOWN_DELAY)",
      ),
    logLevel: logLevel.default("info").describe("The lowest level that is logged (MINTMARK_LOG_LEVEL)"),
    logFormat: logFormat
      .default("auto")
      .describe(
        "json: one JSON object a line; pretty: for people; auto: pretty on a terminal, else json (MINTMARK_LOG_FORMAT)",
      ),
    metrics: z
      .strictObject({
        clientLabel: flag
          .default(false)
          .describe(
            "Whether the counters of /metrics have a label for the client, which adds a time series for each client",
          ),
      })
      .prefault({})
      .describe("What /metrics on the management address contains"),
    tls: z
      .strictObject({
        certificate: path.describe("The path of the certificate and its chain, in PEM"),
        key: path.describe("The path of its private key, in PEM"),
        minVersion: tlsVersion.prefault("1.2").describe("The lowest version of TLS that is accepted: 1.2 or 1.3"),
        clientCertificates: z
          .strictObject({
            http: clientCertificates.describe("At the OAuth2 gateway"),
            rpc: clientCertificates.describe("At the gRPC port"),
            operator: clientCertificates.describe("At the operators' port"),
          })
          .prefault({})
          .describe("Which ports ask clients for certificates (RFC 8705); default: none"),
      })
      .optional()
      .describe("TLS for every port"),
    reloadOnChange: flag
      .default(false)
      .describe(
        "Whether the configuration is reloaded when this file, or a file that it names, changes; SIGHUP always reloads it",
      ),
    audit: z
      .strictObject({
        file: path.describe("The path of the file that lines are appended to, or stdout"),
        required: flag
          .default(false)
          .describe(
            "Whether a request gets temporarily_unavailable instead of its answer if its line cannot be written",
          ),
        sync: flag
          .default(false)
          .describe("Whether a line counts as written only once it survives a crash of the machine"),
        identifiers: z
          .enum(["plain", "hmac"], expected("plain or hmac"))
          .default("plain")
          .describe("How subjects, clients, tokens and addresses are written: as they are, or as keyed hashes"),
        hmacKeyFile: path
          .optional()
          .describe("A file with the key of those hashes: 32 bytes in base64url, base64 or hex"),
      })
      .optional()
      .describe("The audit: a line of JSON for everything that is done or refused; none by default"),
    trustedProxies: z
      .array(network)
      .default([])
      .describe(
        "The proxies in front of the service that terminate TLS, and whose Forwarded or X-Forwarded-For gives a caller's " +
          "address: IP addresses, or networks such as 10.1.0.0/16",
      ),
    insecureHttp: flag
      .default(false)
      .describe("Allows plain HTTP and gRPC on addresses that others can reach, without tls and trustedProxies"),
    keyPollEvery: durationBetween(1, 300)
      .prefault("5s")
      .describe("How often a node reads the keys in the store; from 1s to 5m"),
    keyMaxStaleness: duration
      .prefault("15m")
      .describe("How long a node uses the keys that it last read before it stops signing; at least three polls"),
    registryPollEvery: durationBetween(1, 300)
      .prefault("2s")
      .describe("How often a node reads which tenants and clients operators have changed; from 1s to 5m"),
    registryMaxStaleness: durationBetween(3, 86_400)
      .prefault("15m")
      .describe(
        "How long a node that cannot read these serves with what it last read, before it refuses all requests; at least three " +
          "polls, at most 1d",
      ),
    overload: z
      .strictObject({
        maxRequestsInFlight: count(1_000_000).default(2000).describe("The maximum number of requests in progress"),
        maxEventLoopLag: count(3_600_000)
          .default(1000)
          .describe("How late the event loop may be before requests are refused, in milliseconds"),
      })
      .prefault({})
      .describe("When a node is overloaded; requests beyond these limits are refused before anything is done for them"),
    operators: operators.default({}).describe("Who may run the mint: what they may do, and for which tenants, by id"),
    tenants: tenants.describe("The tenants by id; the tenant default is served at the root"),
  })
  .describe("The configuration of mintmark. Paths are relative to the working directory.");

/** The file as parsed, with defaults filled in. */
export type ConfigFile = z.output<typeof configFile>;

/** The variables by name. */
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
  MINTMARK_MANAGEMENT_ADDRESS: address.optional(),
  MINTMARK_PUBLIC_URL: publicUrl.optional(),
  MINTMARK_WORKERS: workers.optional(),
  MINTMARK_SHUTDOWN_DELAY: shutdownDelay.optional(),
  MINTMARK_LOG_LEVEL: logLevel.optional(),
  MINTMARK_LOG_FORMAT: logFormat.optional(),
});

/** The variables as parsed. */
export type Environment = z.output<typeof environment>;
