import type { JsonObject } from "../base/json.ts";
import type { OperatorsByTenant } from "./build-operators.ts";
import type { Tenant } from "./tenant.ts";

/** What a configuration file says that holds for every tenant, in it or not: stored entries are built by it. */
export interface RegistryRules {
  readonly grantTypes: readonly string[];
  /** How long a node may use the keys that it last read, in seconds. */
  readonly keyMaxStaleness: number;
  /** Where clients find the service; issuers begin with it. */
  readonly publicUrl: string;
  readonly operators: OperatorsByTenant;
}

/** The registry's part that a configuration file gives. */
export interface FilePart {
  /** The tenants with their clients, by id. They must have been checked. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** What the file says of each tenant, word for word, by id. */
  readonly words: ReadonlyMap<string, JsonObject>;
  readonly rules: RegistryRules;
}
