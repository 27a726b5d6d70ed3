// Where Node keeps what it compiles, so that the next start need not. Whatever Node is first on the PATH reads this file, as
// it does the launcher.
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const DEFAULT_STORE = "sqlite:./data/mintmark.db";

/** `store: sqlite:PATH` in a configuration, quoted or not. */
const STORE_SETTING = /^store:\s*(["']?)(sqlite:[^"'\n#]+?)\1\s*(?:#.*)?$/m;

/** Options that are for no command; without a command, all others are for `serve`. */
const ABOUT_THE_PROGRAM = ["-h", "--help", "-V", "--version"];

/**
 * A folder beside the SQLite store of a service, made if need be; undefined if there is no such store yet, if Node was told
 * where to keep its cache, or to keep none, and if anybody else could write there: what is in it is executed. Undefined for
 * other commands too: the first to be run would leave a cache of the little that it needs, which Node then never replaces. For
 * the same reason workers, which need more than their primary, have a folder of their own.
 */
export function compileCacheFolder(args, env, cwd) {
  if (!serves(args) || env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  try {
    const store = resolve(cwd, storeOf(args, env, cwd).replace(/^sqlite:/, ""));
    if (!existsSync(store)) return undefined;
    const folder = join(
      realpathSync(dirname(store)),
      env._MINTMARK_WORKER ? "compile-cache-of-workers" : "compile-cache",
    );
    if (!isPrivate(dirname(folder))) return undefined;
    mkdirSync(folder, { mode: 0o700, recursive: true });
    return isOwn(folder) ? folder : undefined;
  } catch {
    // Such as a file system that is read-only. A start that cannot read its configuration says so later.
    return undefined;
  }
}

function serves([first = "serve"]) {
  return first === "serve" || (first.startsWith("-") && !ABOUT_THE_PROGRAM.includes(first));
}

/** The URL of the store, as far as it can be told before the program that reads the configuration is there. */
function storeOf(args, env, cwd) {
  if (env.MINTMARK_STORE) return env.MINTMARK_STORE;
  if (env.MINTMARK_STORE_FILE) return readFileSync(resolve(cwd, env.MINTMARK_STORE_FILE), "utf8").trim();
  const config = configOf(args) || env.MINTMARK_CONFIG;
  if (!config) return DEFAULT_STORE;
  const setting = STORE_SETTING.exec(readFileSync(resolve(cwd, config), "utf8"));
  return setting === null ? DEFAULT_STORE : setting[2];
}

function configOf(args) {
  const at = args.findIndex((arg) => /^--config(?:=|$)/.test(arg));
  if (at < 0) return undefined;
  return args[at] === "--config" ? args[at + 1] : args[at].slice("--config=".length);
}

/** Whether only this user and root can put something else in the place of a folder, or of one that it is in. */
function isPrivate(folder) {
  const { mode, uid } = lstatSync(folder);
  const isSticky = (mode & 0o1000) !== 0;
  const isWritable = (mode & 0o022) !== 0 && !isSticky;
  if (isWritable || ![0, process.geteuid()].includes(uid)) return false;
  return dirname(folder) === folder || isPrivate(dirname(folder));
}

/** Whether it is a folder that this user alone can enter. */
function isOwn(folder) {
  const stats = lstatSync(folder);
  return stats.isDirectory() && (stats.mode & 0o077) === 0 && stats.uid === process.geteuid();
}
