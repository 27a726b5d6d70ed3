import { MaxKey } from "mongodb";
import { FOREVER, type Instant } from "../../base/clock.ts";

/**
 * An instant in a row: a date, or MaxKey for FOREVER. MaxKey is more than every date, so `$max` keeps it, and it is
 * none, so that neither a TTL index nor the sweeper ever deletes by it.
 */
export type Moment = Date | MaxKey;

const NEVER = new MaxKey();

/** An instant as the database keeps it. Throws RangeError if it is none. */
export function toMoment(instant: Instant): Moment {
  // The driver would write an invalid date as 1970, and a row's end must never become that.
  if (!Number.isInteger(instant) || Math.abs(instant) > FOREVER) throw new RangeError("an instant was expected");
  return instant === FOREVER ? NEVER : new Date(instant);
}

/** What {@link toMoment} made of an instant, as the instant again. */
export function toInstant(moment: Moment): Instant {
  return moment instanceof Date ? moment.getTime() : FOREVER;
}

/**
 * The `_id` of a tenant's row: the tenant, a slash, and the row's own id. What would make two tenants' ids alike is
 * escaped in the first; no configured tenant has any of it in its id. It is always a text, so that nothing that a
 * caller sent can be an operator in a filter.
 */
export function rowId(tenant: string, id: string): string {
  return idPrefix(tenant) + id;
}

/** What the `_id`s of all rows of a tenant begin with. */
export function idPrefix(tenant: string): string {
  return `${tenant.replaceAll(/[%/]/g, encodeURIComponent)}/`;
}

/** Whose quota a row counts for, if anybody's. */
export function clientOf({ client }: { readonly client?: string | undefined }): { readonly client?: string } {
  return client === undefined ? {} : { client };
}

/** The row's own id, from its `_id`. */
export function ownId({ _id, tenant }: { readonly _id: string; readonly tenant: string }): string {
  return _id.slice(idPrefix(tenant).length);
}
