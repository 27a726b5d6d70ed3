import { isDeepStrictEqual } from "node:util";
import { FOREVER, type Instant } from "../base/clock.ts";
import { normalizeUrl } from "../base/url.ts";
import { type Built, buildStoredClient, buildStoredTenant } from "./build-stored.ts";
import type { FilePart, RegistryRules } from "./file-part.ts";
import { NO_ROWS, type StoredRow, type StoredTenantRows } from "./stored-part.ts";
import type { Client, Tenant } from "./tenant.ts";

/**
 * How much older than its tenant a client may be, in milliseconds: more than clocks differ. An older one belonged to an
 * earlier tenant of that name.
 */
const OLDER_CLIENT = 3_600_000;

/** A stored row, and what a node makes of it. */
export interface Used<T> {
  readonly row: StoredRow;
  /** What the row stands for, or stood for before there were problems; undefined if it is not used at all. */
  readonly value: T | undefined;
  /** Why the row is not used as it is written, one line each. */
  readonly problems: readonly string[];
}

/** One tenant in a snapshot, with its clients of both sources. */
export interface TenantPart {
  readonly id: string;
  /** What the file says of it; undefined if it is not in the file. */
  readonly inFile: Tenant | undefined;
  readonly rows: StoredTenantRows;
  readonly rules: RegistryRules;
  /** The stored tenant, unless the file shadows it; its clients are not in it. */
  readonly stored: Used<Tenant> | undefined;
  /** The rows of its stored clients, those that the file shadows too, but none of an earlier tenant that was deleted. */
  readonly registered: ReadonlyMap<string, StoredRow>;
  /** The stored clients that the file does not shadow, by id. */
  readonly clients: ReadonlyMap<string, Used<Client>>;
  /** The tenant with all of its clients; undefined if neither source has a usable one. */
  readonly tenant: Tenant | undefined;
  /** The tenant's issuer as a normalized URL; empty if there is no tenant. */
  readonly issuer: string;
  /** Its clients that may name other issuers: few of many. */
  readonly naming: readonly Client[];
}

/** What the clients of a tenant are built by. */
interface Frame {
  /** The tenant without its stored clients; undefined if there is none. */
  readonly own: Tenant | undefined;
  readonly rules: RegistryRules;
  /** No client is older. */
  readonly since: Instant;
}

/**
 * Builds a tenant from both sources. What has not changed since the previous snapshot is taken from it, so that a change
 * of one client builds one. A row that cannot be used leaves what was used before.
 */
export function buildTenantPart(
  id: string,
  { tenants, rules }: FilePart,
  rows: StoredTenantRows = NO_ROWS,
  previous: TenantPart | undefined,
): TenantPart {
  const inFile = tenants.get(id);
  if (previous?.inFile === inFile && previous?.rows === rows && previous.rules === rules) return previous;
  const stored = inFile === undefined ? useTenant(rows.tenant, rules, previous) : undefined;
  const part = { id, inFile, rows, rules, stored };
  const frame = frameOf(part);
  const registered = registeredIn(rows, inFile);
  const clients = useClients(registered, frame, previous);
  const issuer = frame.own === undefined ? "" : normalizeUrl(frame.own.issuer);
  const tenant = frame.own && withClients(frame.own, clients);
  const naming = [...(tenant?.clients.values() ?? [])].filter(({ allowedIssuers }) => allowedIssuers.size > 0);
  return { ...part, registered, clients, tenant, issuer, naming };
}

/** The same part without those of its stored clients, for a reason that only other tenants give. */
export function withoutClients(part: TenantPart, refused: ReadonlyMap<string, string>): TenantPart {
  const clients = new Map(part.clients);
  for (const [id, problem] of refused) {
    const used = clients.get(id);
    if (used !== undefined) clients.set(id, { ...used, value: undefined, problems: [problem] });
  }
  const { own } = frameOf(part);
  return { ...part, clients, tenant: own && withClients(own, clients) };
}

/** The same part without its stored tenant, for a reason that only other tenants give. */
export function withoutTenant(part: TenantPart, problem: string): TenantPart {
  const { stored } = part;
  return { ...part, stored: stored && { ...stored, value: undefined, problems: [problem] }, tenant: undefined };
}

function frameOf({ inFile, stored, rules }: Pick<TenantPart, "inFile" | "stored" | "rules">): Frame {
  return {
    own: inFile ?? stored?.value,
    rules,
    since: stored === undefined ? 0 : stored.row.record.createdAt - OLDER_CLIENT,
  };
}

/** A tenant's tombstone ends its clients with it, although their rows go later. */
function registeredIn({ ended, clients }: StoredTenantRows, inFile: Tenant | undefined): TenantPart["registered"] {
  if (ended === undefined) return clients;
  const { deletedAt = FOREVER } = ended.record;
  return new Map([...clients].filter(([, { record }]) => inFile !== undefined && record.createdAt > deletedAt));
}

function useTenant(
  row: StoredRow | undefined,
  rules: RegistryRules,
  previous: TenantPart | undefined,
): Used<Tenant> | undefined {
  if (row === undefined) return undefined;
  const before = previous?.stored;
  if (before?.row === row && previous?.rules === rules) return before;
  return used(row, "problems" in row.says ? row.says : buildStoredTenant(row.record.id, row.says, rules), before);
}

function useClients(
  rows: ReadonlyMap<string, StoredRow>,
  frame: Frame,
  previous: TenantPart | undefined,
): ReadonlyMap<string, Used<Client>> {
  const isSame = previous !== undefined && isSameFrame(frame, frameOf(previous));
  const all = new Map<string, Used<Client>>();
  for (const [id, row] of rows) {
    if (frame.own?.clients.has(id)) continue;
    const before = previous?.clients.get(id);
    all.set(id, isSame && before?.row === row ? before : useClient(row, frame, before));
  }
  return all;
}

function useClient(row: StoredRow, { own, rules, since }: Frame, before: Used<Client> | undefined): Used<Client> {
  const { record, says } = row;
  if (own === undefined) return { row, value: undefined, problems: ["its tenant does not exist"] };
  if (record.createdAt < since) return { row, value: undefined, problems: ["it belonged to an earlier tenant"] };
  return used(row, "problems" in says ? says : buildStoredClient(record.id, says, own, rules), before);
}

/** Falls back to what was used before. */
function used<T>(row: StoredRow, built: Built<T>, before: Used<T> | undefined): Used<T> {
  if ("value" in built) return { row, value: built.value, problems: [] };
  return { row, value: before?.value, problems: built.problems };
}

/** Whether the same rows make the same clients in both. */
function isSameFrame(one: Frame, other: Frame): boolean {
  if (one.since !== other.since || one.own === undefined || other.own === undefined) return false;
  if (one.own === other.own && one.rules === other.rules) return true;
  return isDeepStrictEqual(matters(one.own, one.rules), matters(other.own, other.rules));
}

function matters({ namespaceClaim, limits, resources, clientDefaults }: Tenant, { grantTypes }: RegistryRules) {
  return { namespaceClaim, limits, resources, clientDefaults, grantTypes };
}

function withClients(own: Tenant, stored: ReadonlyMap<string, Used<Client>>): Tenant {
  if (stored.size === 0) return own;
  const clients = new Map(own.clients);
  for (const [id, { value }] of stored) if (value !== undefined) clients.set(id, value);
  return { ...own, clients };
}
