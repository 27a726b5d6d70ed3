import type { CopyableStore } from "./copy-port.ts";
import type { StoreOptions } from "./options.ts";
import { StoreUnusableError } from "./port.ts";
import { openSqliteStore } from "./sqlite/index.ts";

/** Opens the store at a URL. */
type Adapter = (url: string, options: StoreOptions) => Promise<CopyableStore>;

/** The driver is imported only if it is used: it would slow down every start with SQLite. */
const mongodb: Adapter = async (url, options) => (await import("./mongodb/index.ts")).openMongoStore(url, options);

/** The adapters by URL scheme. */
const adapters: ReadonlyMap<string, Adapter> = new Map([
  ["sqlite", openSqliteStore],
  ["mongodb", mongodb],
  ["mongodb+srv", mongodb],
]);

/**
 * Opens the store at `url`: `sqlite:PATH`, `mongodb://…` or `mongodb+srv://…`. Throws a StoreUnavailableError if the
 * store cannot be reached, and a StoreUnusableError if the URL is invalid or a newer program wrote the store. Neither
 * message contains the URL's password.
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
