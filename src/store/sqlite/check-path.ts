import { type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreUnusableError } from "../port.ts";
import { MEMORY } from "./database.ts";

/**
 * Throws a {@link StoreUnusableError} if no SQLite file can be at `path`, because something else is there. It creates and
 * opens nothing. What the user of this process may not see counts as usable.
 */
export function checkPath(path: string): void {
  if (path === MEMORY) return;
  if (path === "" || path.includes("\0"))
    throw new StoreUnusableError("The URL of the store names no file: expected sqlite:PATH.");
  const location = resolve(path);
  if (statsOf(location)?.isDirectory())
    throw new StoreUnusableError(`The store's path ${location} is a folder: expected a SQLite file, or none yet.`);
  const [nearest] = foldersAbove(location).filter((folder) => statsOf(folder) !== undefined);
  if (nearest !== undefined && !statsOf(nearest)?.isDirectory())
    throw new StoreUnusableError(`The SQLite file ${location} cannot be made, because ${nearest} is not a folder.`);
}

/** The folders that a file is in, from the nearest to the root. */
function foldersAbove(location: string): readonly string[] {
  const folder = dirname(location);
  return folder === location ? [] : [folder, ...foldersAbove(folder)];
}

function statsOf(location: string): Stats | undefined {
  try {
    return statSync(location, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
