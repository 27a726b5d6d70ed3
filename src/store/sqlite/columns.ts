import type { SQLOutputValue } from "node:sqlite";

/** A value as it was read; undefined if the query has no such column. */
type Value = SQLOutputValue | undefined;

/** A TEXT NOT NULL column's value. */
export function text(value: Value): string {
  if (typeof value !== "string") throw new TypeError("a text was expected in the database");
  return value;
}

/** An INTEGER or REAL NOT NULL column's value. */
export function number(value: Value): number {
  if (typeof value !== "number") throw new TypeError("a number was expected in the database");
  return value;
}

/** A nullable column's value: undefined for NULL. */
export function optional<T>(value: Value, read: (value: Value) => T): T | undefined {
  return value === null ? undefined : read(value);
}

/** Whether a statement changed a row. */
export function changed(result: { readonly changes: number | bigint }): boolean {
  return Number(result.changes) > 0;
}
