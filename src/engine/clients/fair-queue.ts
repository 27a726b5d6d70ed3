/** What is to be run once its turn has come. */
interface Task {
  readonly run: () => Promise<void>;
}

/** What waits below one name: tasks at a leaf, named parts elsewhere, whoever is next in turn first. */
interface Part {
  size: number;
  readonly tasks: Task[];
  readonly parts: Map<string, Part>;
}

/**
 * Runs one task at a time. Whoever waits is named by a path, such as tenant, client and address: at every level the names
 * take turns, so that a thousand tasks of one delay another's by one task and no more.
 */
export class FairQueue {
  readonly #most: readonly number[];
  readonly #root = emptyPart();
  #running = false;

  /** `most`: how many tasks may wait below one name, level by level. */
  constructor(most: readonly number[]) {
    this.#most = most;
  }

  /** Runs the task in turn; undefined if too many wait below one of the path's names. */
  run<T>(path: readonly string[], task: () => Promise<T>): Promise<T> | undefined {
    if (this.#isFull(path)) return undefined;
    return new Promise<T>((resolve, reject) => {
      this.#add(path, { run: () => settle(task, resolve, reject) });
      if (!this.#running) void this.#drain();
    });
  }

  /** Looks from the top down: a name that nobody waits below has room, and so has all below it. */
  #isFull(path: readonly string[]): boolean {
    let part: Part | undefined = this.#root;
    for (const [level, name] of path.entries()) {
      part = part.parts.get(name);
      if (part === undefined) return false;
      if (part.size >= (this.#most[level] ?? Number.POSITIVE_INFINITY)) return true;
    }
    return false;
  }

  /** Counts the task at every level of its path, so that no level has to be summed up later. */
  #add(path: readonly string[], task: Task): void {
    let part = this.#root;
    part.size += 1;
    for (const name of path) {
      const next = part.parts.get(name) ?? emptyPart();
      part.parts.set(name, next);
      part = next;
      part.size += 1;
    }
    part.tasks.push(task);
  }

  /** Runs until nothing waits; what comes meanwhile is taken in its turn. */
  async #drain(): Promise<void> {
    this.#running = true;
    for (let task = take(this.#root); task !== undefined; task = take(this.#root)) await task.run();
    this.#running = false;
  }
}

/** Ends the caller's promise as the task ended, and never rejects itself: that would stop the queue for all. */
async function settle<T>(task: () => Promise<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
  try {
    resolve(await task());
  } catch (error) {
    reject(error);
  }
}

function emptyPart(): Part {
  return { size: 0, tasks: [], parts: new Map() };
}

/** Takes the next task; the part that it came from is then the last in turn. */
function take(part: Part): Task | undefined {
  if (part.size === 0) return undefined;
  part.size -= 1;
  const [first] = part.parts;
  if (first === undefined) return part.tasks.shift();
  const [name, next] = first;
  const task = take(next);
  part.parts.delete(name);
  if (next.size > 0) part.parts.set(name, next);
  return task;
}
