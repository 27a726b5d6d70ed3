import type { Address } from "../base/address.ts";
import type { FilePart } from "../registry/file-part.ts";
import type { AuditSettings } from "./audit.ts";
import type { LogFormat, LogLevel, Workers } from "./fields.ts";
import type { TlsMaterial } from "./tls.ts";

/** Everything that the service is configured with. */
export interface Config extends Settings, FilePart {
  /** Whether it is the built-in development configuration, as no file was given. */
  readonly development: boolean;
  /**
   * At least one key, of 32 bytes each: the first seals, all open. Undefined only with the development configuration,
   * which keeps its own key in `dataDirectory`.
   */
  readonly keyEncryptionKeys: readonly Uint8Array[] | undefined;
  /** How often a node reads the keys in the store, in seconds. */
  readonly keyPollEvery: number;
  /** How long a node uses the keys that it last read before it stops signing, in seconds. */
  readonly keyMaxStaleness: number;
  /** How often a node reads what operators have registered, in seconds. */
  readonly registryPollEvery: number;
  /** How long a node that cannot read it serves with what it last read, in seconds. */
  readonly registryMaxStaleness: number;
  /** Whether the configuration is read again when one of its files changes. */
  readonly reloadOnChange: boolean;
  /** What a node bears before it refuses requests; the lag in milliseconds. */
  readonly overload: { readonly maxRequestsInFlight: number; readonly maxEventLoopLag: number };
  /** The proxies that may say what a caller's address is: IP addresses, and networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  /** For every port; undefined: none. */
  readonly tls: TlsMaterial | undefined;
  /** What `/metrics` tells. */
  readonly metrics: { readonly clientLabel: boolean };
  /** How the audit is written; undefined: there is none. */
  readonly audit: AuditSettings | undefined;
  /** Warnings to log at the start. */
  readonly warnings: readonly string[];
  /** Where clients find the service, without a slash at the end. */
  readonly publicUrl: string;
  /** Where clients with certificates find the service; undefined: there too. */
  readonly mtlsUrl: string | undefined;
}

/** The settings that differ from one deployment to the next. */
export interface Settings {
  /** Where data is stored: a URL such as `sqlite:./data/mintmark.db`. It may contain a password. */
  readonly store: string;
  /** How long a start waits for an unavailable store or a wrong clock, in milliseconds. */
  readonly startTimeout: number;
  /**
   * The most by which the clock may be behind an earlier run for a start to wait until it catches up, in milliseconds.
   */
  readonly maxClockLag: number;
  /** The most by which the clocks of nodes may differ, in milliseconds; undefined: the store's default. */
  readonly maxClockSkew: number | undefined;
  /** The absolute path of the directory for files beside the data; undefined if the data is in memory. */
  readonly dataDirectory: string | undefined;
  /** Where the OAuth2 gateway listens. */
  readonly httpAddress: Address;
  /** Where gRPC listens. */
  readonly rpcAddress: Address;
  /** The only place where the operators' RPCs listen; undefined: both of the others. */
  readonly operatorAddress: Address | undefined;
  /** Where the health and the metrics of the process are served. */
  readonly managementAddress: Address;
  /** How many processes serve. */
  readonly workers: Workers;
  /** How long a service that is told to stop goes on serving, in milliseconds. */
  readonly shutdownDelay: number;
  /** The lowest level that is logged. */
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}
