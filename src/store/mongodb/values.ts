import { MaxKey } from "mongodb";
import { FOREVER, type Instant } from "../../base/clock.ts";

/**
 * An instant in a row: a date, or MaxKey for FOREVER. MaxKey is greater than every date, so `$max` keeps it, and it is
 * not a date, so neither a TTL index nor the sweeper deletes by it.
 */
export type BsonDate = Date | MaxKey;

const NEVER = new MaxKey();

/** Converts an instant for the database. Throws RangeError if it is not an instant. */
export function toBsonDate(instant: Instant): BsonDate {
  // The driver would store an invalid date as 1970, and a row would be deleted at once.
  if (!Number.isInteger(instant) || Math.abs(instant) > FOREVER) throw new RangeError("an instant was expected");
  return instant === FOREVER ? NEVER : new Date(instant);
}

/** Converts back what {@link toBsonDate} made. */
export function toInstant(date: BsonDate): Instant {
  return date instanceof Date ? date.getTime() : FOREVER;
}

/**
 * The `_id` of a tenant's row: the tenant, a slash, and the row's own id. Characters that would make two tenants' ids
 * alike are escaped in the tenant; no configured tenant has any in its id. Always a string, so that nothing a caller
 * sent can become an operator in a filter.
 */
export function rowId(tenant: string, id: string): string {
  return idPrefix(tenant) + id;
}

/** The common prefix of the `_id`s of a tenant's rows. */
export function idPrefix(tenant: string): string {
  return `${tenant.replaceAll(/[%/]/g, encodeURIComponent)}/`;
}

/** The client whose quota a row counts towards, if any. */
export function clientOf({ client }: { readonly client?: string | undefined }): { readonly client?: string } {
  return client === undefined ? {} : { client };
}

/** The row's own id, taken from its `_id`. */
export function ownId({ _id, tenant }: { readonly _id: string; readonly tenant: string }): string {
  return _id.slice(idPrefix(tenant).length);
}
