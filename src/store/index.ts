import type { CopyableStore } from "./copy-port.ts";
import type { StoreOptions } from "./options.ts";
import { StoreUnusableError } from "./port.ts";
import { openSqliteStore } from "./sqlite/index.ts";

/** Opens the store that a whole URL names. */
type Adapter = (url: string, options: StoreOptions) => Promise<CopyableStore>;

/** The driver is loaded only if it is used. */
const mongodb: Adapter = async (url, options) => (await import("./mongodb/index.ts")).openMongoStore(url, options);

/** URL scheme -> adapter. */
const adapters: ReadonlyMap<string, Adapter> = new Map([
  ["sqlite", openSqliteStore],
  ["mongodb", mongodb],
  ["mongodb+srv", mongodb],
]);

/**
 * Opens the store that `url` names: `sqlite:PATH`, `mongodb://…` or `mongodb+srv://…`. Throws a StoreUnavailableError
 * when it cannot be reached, and a StoreUnusableError when the URL is none of ours or a newer program wrote it; neither
 * repeats a password of the URL.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<CopyableStore> {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/iu.exec(url)?.[0].toLowerCase() ?? "";
  const adapter = adapters.get(scheme);
  if (adapter === undefined) {
    const known = Array.from(adapters.keys(), (name) => `${name}:`).join(" or ");
    throw new StoreUnusableError(`The URL of the store must begin with ${known}`);
  }
  return adapter(url, options);
}
