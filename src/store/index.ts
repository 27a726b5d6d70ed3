import type { Store } from "./port.ts";
import { openSqliteStore } from "./sqlite/index.ts";

/** Opens the store that a whole URL names. */
type Adapter = (url: string) => Promise<Store>;

/** URL scheme -> adapter. */
const adapters: ReadonlyMap<string, Adapter> = new Map([["sqlite", openSqliteStore]]);

/**
 * Opens the store that `url` names: `sqlite:PATH`. Throws a StoreUnavailableError when it cannot be reached, and an
 * Error that says what was expected when the URL is none of ours; neither repeats the URL, which may hold a password.
 */
export async function openStore(url: string): Promise<Store> {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/iu.exec(url)?.[0].toLowerCase() ?? "";
  const adapter = adapters.get(scheme);
  if (adapter === undefined) {
    const known = Array.from(adapters.keys(), (name) => `${name}:`).join(" or ");
    throw new Error(`The URL of the store must begin with ${known}`);
  }
  return adapter(url);
}
