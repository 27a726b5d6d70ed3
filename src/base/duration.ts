/** Ten years in seconds: a longer lifetime is a mistake. */
export const MAX_DURATION = 10 * 365 * 86_400;

/** The syntax of a duration as text: a number, and its unit unless it is seconds. */
export const DURATION_PATTERN = /^(0|[1-9][0-9]{0,8})([smhd])?$/;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Parses `90s`, `15m`, `12h` or `30d`, or a whole number of seconds, which may be text, as environment variables are; 0
 * is allowed. Returns seconds, or undefined if the value is none of these or longer than {@link MAX_DURATION}.
 */
export function parseDuration(value: string | number): number | undefined {
  const seconds = typeof value === "number" ? value : fromText(value);
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DURATION ? seconds : undefined;
}

/** Formats seconds for {@link parseDuration}, in the largest unit that divides them. */
export function formatDuration(seconds: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => seconds % size === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

function fromText(text: string): number {
  const [, count, unit = "s"] = DURATION_PATTERN.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? Number.NaN);
}
