/** Ten years in seconds: what lives longer is a mistake. */
export const MAX_DURATION = 10 * 365 * 86_400;

/** What a duration in text looks like: a number of seconds, or of the unit that follows. */
export const DURATION_PATTERN = /^(0|[1-9][0-9]{0,8})([smhd])?$/;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * The seconds of `90s`, `15m`, `12h` or `30d`, or of a whole number of seconds, as text too: a variable holds nothing else.
 * Returns undefined for anything else, or if it is longer than {@link MAX_DURATION}. Zero is allowed.
 */
export function parseDuration(value: string | number): number | undefined {
  const seconds = typeof value === "number" ? value : fromText(value);
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_DURATION ? seconds : undefined;
}

/** A duration as {@link parseDuration} reads it, in the largest unit that it is a whole number of. */
export function formatDuration(seconds: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => seconds % size === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

function fromText(text: string): number {
  const [, count, unit = "s"] = DURATION_PATTERN.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? Number.NaN);
}
