import { availableParallelism } from "node:os";
import type { Config } from "../../config/config.ts";

/** How many workers `auto` is with SQLite, until more are measured to serve more there. */
const AUTO_WITH_SQLITE = 1;

/** How many workers serve. `processors`: how many processors this process may use. */
export function countWorkers(
  { workers, store }: Pick<Config, "workers" | "store">,
  processors: number = availableParallelism(),
): number {
  if (workers !== "auto") return workers;
  return store.startsWith("sqlite:") ? AUTO_WITH_SQLITE : processors;
}
