import type { SQLOutputValue } from "node:sqlite";

/** A value that was read; undefined if the query has no such column. */
type Value = SQLOutputValue | undefined;

/** Reads a value of a TEXT NOT NULL column. */
export function text(value: Value): string {
  if (typeof value !== "string") throw new TypeError("expected text in the database");
  return value;
}

/** Reads a value of an INTEGER or REAL NOT NULL column. */
export function number(value: Value): number {
  if (typeof value !== "number") throw new TypeError("expected a number in the database");
  return value;
}

/** Reads a value of a nullable column: undefined for NULL. */
export function optional<T>(value: Value, read: (value: Value) => T): T | undefined {
  return value === null ? undefined : read(value);
}

/** Whether a statement changed a row. */
export function changed(result: { readonly changes: number | bigint }): boolean {
  return Number(result.changes) > 0;
}
