import { styleText } from "node:util";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import type { Output } from "./io.ts";

/** How wide what is no terminal counts, in characters. */
const DEFAULT_WIDTH = 80;

/** What stands between two columns. */
const GAP = "  ";

/** Makes a text stand out, if the output is a terminal that has colours. */
function styled(style: Parameters<typeof styleText>[0], text: string, output: Output): string {
  return styleText(style, text, { stream: output as NodeJS.WriteStream });
}

/** Rows as columns below their headers, or, if those are wider than the terminal, as a block for each row. */
export function formatRows(rows: readonly (readonly string[])[], headers: readonly string[], output: Output): string {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const total = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  if (total > (output.columns ?? Number.POSITIVE_INFINITY)) {
    return rows
      .map((row) =>
        formatPairs(
          headers.map((header, column) => [header, row[column] ?? ""]),
          output,
        ),
      )
      .join("\n\n");
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return [styled("bold", line(headers), output), ...rows.map(line)].join("\n");
}

/** Names and what they stand for, a line each. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string])[], output: Output): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${styled("bold", name.padEnd(width), output)}${GAP}${value}`).join("\n");
}

/**
 * A value as people read it: text as it is, lists of texts with commas, anything else as JSON. Control characters are
 * escaped, or whoever chose a claim could write to the terminal of whoever reads it.
 */
export function formatCell(value: JsonValue | undefined): string {
  return plainCell(value).replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function plainCell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "object") return String(value);
  const isPlainList = Array.isArray(value) && value.every((entry) => typeof entry !== "object");
  return isPlainList ? value.join(", ") : JSON.stringify(value);
}

/** Claims that are moments, in seconds since the Unix epoch. */
const MOMENTS: ReadonlySet<string> = new Set(["exp", "iat", "nbf", "auth_time", "updated_at"]);

/** Claims as people read them: a line each, with moments as times. */
export function formatClaims(claims: JsonObject, output: Output): string {
  return formatPairs(
    Object.entries(claims).map(([name, value]) => {
      const isMoment = MOMENTS.has(name) && typeof value === "number" && Math.abs(value) < 1e11;
      return [name, isMoment ? `${value}  ${new Date(value * 1000).toISOString()}` : formatCell(value)];
    }),
    output,
  );
}

/** How many characters a line may have. */
export function widthOf({ columns }: Output): number {
  return columns ?? DEFAULT_WIDTH;
}
