import { getClient, getEffectiveClient, listClients, listOperators } from "./client-reads.ts";
import { addClientSecret, removeClientSecret } from "./client-secrets.ts";
import { createClient, deleteClient, disableClient, enableClient, updateClient } from "./clients.ts";
import { listGrants, revokeGrant } from "./grants.ts";
import { introspect } from "./introspect.ts";
import { introspectSigned } from "./introspect-signed.ts";
import { listKeys, revokeClient, rotate } from "./keys.ts";
import { mint } from "./mint.ts";
import type { InstanceOperation, Operation } from "./operation.ts";
import { refresh, reopen } from "./refresh.ts";
import { revoke } from "./revoke.ts";
import { getTenant, listTenants } from "./tenant-reads.ts";
import { createTenant, deleteTenant, updateTenant } from "./tenants.ts";

/** Every operation of a tenant. The engine's port is derived from this table: a new operation is one entry. */
export const operations = {
  /** Mints tokens by an extension grant (RFC 6749 section 4.5). */
  mint: { by: "client", issues: true, run: mint },
  /** Exchanges a refresh token for new tokens (RFC 6749 section 6). */
  refresh: { by: "refreshing client", issues: true, run: refresh, retried: reopen },
  /** Says whether a token is active, and what it contains (RFC 7662). */
  introspect: { by: "client", issues: false, run: introspect },
  /** Introspects a token, and signs the answer (RFC 9701). */
  introspectSigned: { by: "client", issues: false, run: introspectSigned },
  /** Revokes a token, a grant, or everything that a subject has (RFC 7009). */
  revoke: { by: "client", issues: false, run: revoke },
  /** Rotates a key, or says what that would do. */
  rotate: { by: "operator", roles: ["keys"], issues: false, run: rotate },
  /** Lists every generation of the tenant's keys: signing keys first, oldest first. */
  listKeys: { by: "operator", roles: ["keys", "read"], issues: false, run: listKeys },
  /** Lists the grants of a subject or of a client, the last minted first. */
  listGrants: { by: "operator", roles: ["clients", "read"], issues: false, run: listGrants },
  /** Revokes one grant, with all its tokens. */
  revokeGrant: { by: "operator", roles: ["clients"], issues: false, run: revokeGrant },
  /** Registers a client. */
  createClient: { by: "operator", roles: ["clients"], issues: false, run: createClient },
  /** Reads a client's entry. */
  getClient: { by: "operator", roles: ["clients", "read"], issues: false, run: getClient },
  /** Lists the clients of both sources, sorted by id. */
  listClients: { by: "operator", roles: ["clients", "read"], issues: false, run: listClients },
  /** Says what holds for a client, and where each setting comes from. */
  getEffectiveClient: { by: "operator", roles: ["clients", "read"], issues: false, run: getEffectiveClient },
  /** Changes settings of a client. */
  updateClient: { by: "operator", roles: ["clients"], issues: false, run: updateClient },
  /** Deletes a client. */
  deleteClient: { by: "operator", roles: ["clients"], issues: false, run: deleteClient },
  /** Disables a client. */
  disableClient: { by: "operator", roles: ["clients"], issues: false, run: disableClient },
  /** Enables a client. */
  enableClient: { by: "operator", roles: ["clients"], issues: false, run: enableClient },
  /** Makes another secret of a client. */
  addClientSecret: { by: "operator", roles: ["clients"], issues: false, run: addClientSecret },
  /** Ends a secret of a client. */
  removeClientSecret: { by: "operator", roles: ["clients"], issues: false, run: removeClientSecret },
  /** Lists the operators of the tenant. */
  listOperators: { by: "operator", roles: ["clients", "tenants", "read"], issues: false, run: listOperators },
  /** Revokes everything that a client has minted so far. */
  revokeClient: { by: "operator", roles: ["keys", "clients"], issues: false, run: revokeClient },
} satisfies Record<
  string,
  | Operation<"client", never, unknown>
  | Operation<"refreshing client", never, unknown>
  | (Required<Pick<Operation<"operator", never, unknown>, "roles">> & Operation<"operator", never, unknown>)
>;

/** The type of the table, from which other types are derived. */
export type Operations = typeof operations;

/** Every operation of the mint as a whole, for operators. The engine's port is derived from this table too. */
export const instanceOperations = {
  /** Registers a tenant. */
  createTenant: { roles: ["tenants"], run: createTenant },
  /** Reads a tenant's entry. */
  getTenant: { roles: ["tenants", "read"], run: getTenant },
  /** Lists the tenants of both sources that the operator may act for, sorted by id. */
  listTenants: { roles: ["tenants", "read"], run: listTenants },
  /** Changes settings of a tenant. */
  updateTenant: { roles: ["tenants"], run: updateTenant },
  /** Deletes a tenant. */
  deleteTenant: { roles: ["tenants"], run: deleteTenant },
} satisfies Record<string, InstanceOperation<never, unknown>>;

/** The type of that table. */
export type InstanceOperations = typeof instanceOperations;
