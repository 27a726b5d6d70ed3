import type { CopyableStore } from "./copy-port.ts";
import type { StoreOptions } from "./options.ts";
import { StoreUnusableError } from "./port.ts";
import { checkPath } from "./sqlite/check-path.ts";
import { announceSqliteServer, openSqliteStore } from "./sqlite/index.ts";

interface Adapter {
  /** Opens the store at a URL. */
  readonly open: (url: string, options: StoreOptions) => Promise<CopyableStore>;
  /** Throws the {@link StoreUnusableError} that no later attempt to open the URL could avoid. */
  readonly check: (url: string) => Promise<void>;
}

const sqlite: Adapter = {
  open: openSqliteStore,
  check: async (url) => checkPath(url.slice("sqlite:".length)),
};

/** The driver is imported only if it is used: it would slow down every start with SQLite. */
const mongodb: Adapter = {
  open: async (url, options) => (await import("./mongodb/index.ts")).openMongoStore(url, options),
  check: async (url) => (await import("./mongodb/client.ts")).createClient(url).client.close(),
};

/** The adapters by URL scheme. */
const adapters: ReadonlyMap<string, Adapter> = new Map([
  ["sqlite", sqlite],
  ["mongodb", mongodb],
  ["mongodb+srv", mongodb],
]);

/**
 * Opens the store at `url`: `sqlite:PATH`, `mongodb://…` or `mongodb+srv://…`. Throws a StoreUnavailableError if the
 * store cannot be reached, and a StoreUnusableError if the URL is invalid or a newer program wrote the store. Neither
 * message contains the URL's password.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<CopyableStore> {
  return adapterOf(url).open(url, options);
}

/**
 * Throws a StoreUnusableError if {@link openStore} could not open `url` whenever it is called, as far as that is known
 * without opening or reaching the store. The message does not contain the URL's password.
 */
export async function checkStoreUrl(url: string): Promise<void> {
  await adapterOf(url).check(url);
}

/**
 * Lets other processes know that the store at `url`, which exists, is served by processes that tell nobody themselves, if
 * that matters there. Tells the listener of others. Returns a function that ends it.
 */
export function announceServer(url: string, options: Pick<StoreOptions, "listener" | "logger">): () => void {
  return url.startsWith("sqlite:") ? announceSqliteServer(url, options) : () => undefined;
}

function adapterOf(url: string): Adapter {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/iu.exec(url)?.[0].toLowerCase() ?? "";
  const adapter = adapters.get(scheme);
  if (adapter !== undefined) return adapter;
  const known = Array.from(adapters.keys(), (name) => `${name}:`).join(" or ");
  throw new StoreUnusableError(`The URL of the store must begin with ${known}`);
}
