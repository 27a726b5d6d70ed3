import type { Address } from "../base/address.ts";
import type { Tenant } from "../registry/tenant.ts";
import type { LogLevel } from "./fields.ts";
import type { TlsMaterial } from "./tls.ts";

/** All that the service is told from outside. */
export interface Config extends Settings {
  /** Whether it is the built-in one, for want of a file. */
  readonly development: boolean;
  /**
   * At least one, of 32 bytes each: the first seals, all open. Undefined with the development configuration alone,
   * which keeps its own in `dataDirectory`.
   */
  readonly keyEncryptionKeys: readonly Uint8Array[] | undefined;
  /** How often a node reads the keys that the store has, in seconds. */
  readonly keyPollEvery: number;
  /** For how long a node goes on with the keys that it read, in seconds; then it stops signing. */
  readonly keyMaxStaleness: number;
  /** The proxies whose word on a caller's address is taken: IP addresses, and networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  /** For every port; undefined: none. */
  readonly tls: TlsMaterial | undefined;
  /** What the log should say at the start. */
  readonly warnings: readonly string[];
  /** Where clients find the service. No slash at the end. */
  readonly publicUrl: string;
  /** The tenants by id. */
  readonly tenants: ReadonlyMap<string, Tenant>;
}

/** What differs from one deployment to the next. */
export interface Settings {
  /** Where data is kept, as a URL such as `sqlite:./data/mintmark.db`. It may hold a password. */
  readonly store: string;
  /** For how long a store that is away, or a clock that is off, is waited for at the start, in milliseconds. */
  readonly startTimeout: number;
  /** How far the clock may be behind what was told before for a start to wait until it is past that, in milliseconds. */
  readonly maxClockLag: number;
  /** By how many milliseconds the clocks of nodes may differ; undefined: the store's default. */
  readonly maxClockSkew: number | undefined;
  /** The absolute path of the folder for files that are kept beside the data; undefined if that is in memory. */
  readonly dataDirectory: string | undefined;
  /** Where the OAuth2 gateway listens. */
  readonly httpAddress: Address;
  /** Where gRPC listens. */
  readonly rpcAddress: Address;
  /** Where the operators' RPCs listen, which are off the other two then; undefined: there. */
  readonly operatorAddress: Address | undefined;
  /** The least that is logged. */
  readonly logLevel: LogLevel;
}
