import { InvalidArgumentError, Option } from "commander";

/** How many entries one call asks for, at most. */
export const PAGE_SIZE = 100;

/** How many entries are listed unless `--limit` says otherwise. */
const DEFAULT_LIMIT = 100;

/** A page of a list. */
interface Page<T> {
  readonly entries: readonly T[];
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

/** `--limit N`: the most entries of a list. `what`: what they are. */
export function limitOption(what: string): Option {
  return new Option("--limit <n>", `The most ${what} to list`).default(DEFAULT_LIMIT).argParser(wholeNumber);
}

/** Reads page after page, up to `limit` entries. The first page has no token. */
export async function readPages<T>(
  limit: number,
  read: (pageToken: string | undefined) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let next: string | undefined;
  do {
    const page = await read(next);
    all.push(...page.entries);
    next = page.next;
  } while (next !== undefined && all.length < limit);
  return all.slice(0, limit);
}

function wholeNumber(given: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given)) throw new InvalidArgumentError("Expected a whole number of 1 or more.");
  return Number(given);
}
