import { formatDuration, parseDuration } from "./duration.ts";

/** So many in each period, such as 100 in 15 minutes. */
export interface Rate {
  readonly most: number;
  /** In seconds. */
  readonly period: number;
}

/** The syntax of a list of rates as text. */
export const RATES_PATTERN =
  /^[1-9][0-9]{0,8}\/(?:[1-9][0-9]{0,8})?[smhd](?:, *[1-9][0-9]{0,8}\/(?:[1-9][0-9]{0,8})?[smhd])*$/;

/** The longest period, in seconds. */
const MAX_PERIOD = 86_400;

/**
 * Parses a list of rates such as `10/s, 100/15m`, and sorts it by period. Returns undefined if the text is malformed, a
 * period is longer than a day, or a longer period does not allow more than a shorter one, which would never apply.
 */
export function parseRates(text: string): readonly Rate[] | undefined {
  if (!RATES_PATTERN.test(text)) return undefined;
  const rates = text
    .split(",")
    .map(parseRate)
    .toSorted((one, other) => one.period - other.period);
  const isApplied = ({ most, period }: Rate, index: number) => {
    const shorter = rates[index - 1] ?? { most: 0, period: 0 };
    return period > shorter.period && most > shorter.most;
  };
  return rates.every((rate, index) => rate.period <= MAX_PERIOD && isApplied(rate, index)) ? rates : undefined;
}

/** Formats a rate for {@link parseRates}. */
export function formatRate({ most, period }: Rate): string {
  return `${most}/${formatDuration(period).replace(/^1(?=\D)/, "")}`;
}

function parseRate(text: string): Rate {
  const [most = "", period = ""] = text.trim().split("/");
  return { most: Number(most), period: parseDuration(/^\d/.test(period) ? period : `1${period}`) ?? Number.NaN };
}
