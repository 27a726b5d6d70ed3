import type { Instant } from "../base/clock.ts";

/** What identifies a registration. All three are opaque to the store: a newer program may have other kinds. */
export interface RegistrationKey {
  /** What it is, such as `client`. */
  readonly kind: string;
  readonly tenant: string;
  readonly id: string;
}

/** Something that operators registered while the mint was running. */
export interface RegistrationRecord extends RegistrationKey {
  /** What was registered, as JSON text with a version of its own; opaque to the store. */
  readonly document: string;
  /** Random; changes with every write. */
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Since when it is a tombstone; undefined while it lives. */
  readonly deletedAt: Instant | undefined;
  /** When a tombstone can be forgotten; `FOREVER` while it lives. */
  readonly purgeAt: Instant;
  /** A MAC over all other members. */
  readonly mac: string;
}

/** How a write ended: at a revision, or because of a row, which is undefined if there is none. */
export type RegistrationPut = { readonly revision: number } | { readonly conflict: RegistrationRecord | undefined };

/** Some of the rows that were written after a revision. */
export interface RegistrationPage {
  /** In the order in which they were written. */
  readonly records: readonly RegistrationRecord[];
  /** The revision after which the next page begins; undefined if this is the last page. */
  readonly next: number | undefined;
  /** Whoever reads this page and all after it misses nothing that was written up to this revision. */
  readonly upTo: number;
}

/**
 * The registrations of all tenants, which every node reads. Each write gets a revision of its own, which grows, so that a
 * node that has read up to one has to read only what was written after it.
 */
export interface RegistrationStore {
  /** The row, which may be a tombstone. */
  find(key: RegistrationKey): Promise<RegistrationRecord | undefined>;
  /**
   * One atomic step: writes the row if the one that is there still has the etag `ifEtag`; undefined: only if there is no
   * row. If the answer is lost, the etag of the row tells whether it was written.
   */
  put(record: RegistrationRecord, ifEtag: string | undefined): Promise<RegistrationPut>;
  /**
   * The newest revision; 0 if nothing was ever registered. A write that is under way may already have its revision: if
   * this is more than a reader is up to, there may be something new for it.
   */
  revision(): Promise<number>;
  /** At most `limit` rows whose last write was after that revision. A row may come again in a later read. */
  changes(after: number, limit: number): Promise<RegistrationPage>;
}
