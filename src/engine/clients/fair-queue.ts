/** A task that waits for its turn. */
interface Task {
  readonly run: () => Promise<void>;
}

/**
 * Everything that waits under one name: tasks at a leaf, named parts elsewhere. A map keeps its order, so the first
 * part is next in turn.
 */
interface Part {
  size: number;
  readonly tasks: Task[];
  readonly parts: Map<string, Part>;
}

/**
 * Runs one task at a time. A task's path names who waits, such as tenant, client and address. At every level the names
 * take turns, so a thousand tasks of one name delay another's by a single task.
 */
export class FairQueue {
  readonly #most: readonly number[];
  readonly #root = emptyPart();
  #running = false;

  /** `most`: how many tasks may wait under one name, level by level. */
  constructor(most: readonly number[]) {
    this.#most = most;
  }

  /** Runs the task in its turn. Returns undefined if too many already wait under a name of its path. */
  run<T>(path: readonly string[], task: () => Promise<T>): Promise<T> | undefined {
    if (this.#isFull(path)) return undefined;
    return new Promise<T>((resolve, reject) => {
      this.#add(path, { run: () => settle(task, resolve, reject) });
      if (!this.#running) void this.#drain();
    });
  }

  /** Looks from the top down: a name under which nothing waits has room, and so has everything below it. */
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

  /** Runs until nothing waits, including what arrives in the meantime. */
  async #drain(): Promise<void> {
    this.#running = true;
    for (let task = take(this.#root); task !== undefined; task = take(this.#root)) await task.run();
    this.#running = false;
  }
}

/** Settles the caller's promise as the task settled. Never rejects itself: that would stop the queue for everyone. */
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

/** Takes the next task, and moves the part that it came from to the end of the line. */
function take(part: Part): Task | undefined {
  if (part.size === 0) return undefined;
  part.size -= 1;
  const [first] = part.parts;
  if (first === undefined) return part.tasks.shift();
  const [name, next] = first;
  const task = take(next);
  // Deleting and setting again moves it behind the others in the map's order.
  part.parts.delete(name);
  if (next.size > 0) part.parts.set(name, next);
  return task;
}
