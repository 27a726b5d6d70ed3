import { createHash } from "node:crypto";
import type { ReadFile } from "../config/files.ts";

/** The contents of files by their paths, as digests: some of them are secrets. */
type Contents = ReadonlyMap<string, string>;

/** The texts of files by their paths. Some are secrets. */
export type Files = Readonly<Record<string, string>>;

/** Makes a reader that notes what it reads, and what it cannot read; `files`: the texts that it has read. */
export function noting(readFile: ReadFile): {
  readonly readFile: ReadFile;
  readonly noted: Contents;
  readonly files: () => Files;
} {
  const noted = new Map<string, string>();
  const texts = new Map<string, string>();
  return {
    noted,
    files: () => Object.fromEntries(texts),
    readFile(path) {
      noted.set(path, UNREADABLE);
      const text = readFile(path);
      noted.set(path, digestOf(text));
      texts.set(path, text);
      return text;
    },
  };
}

/**
 * Finds out whether files have changed by reading them again. So whatever path leads to other contents has changed, such
 * as one through a symbolic link that Kubernetes swaps, and a file that appears later is noticed too.
 */
export class FileWatch {
  readonly #read: (path: string) => Promise<string>;
  #known: Contents | undefined;
  #last: Contents = new Map();

  constructor(read: (path: string) => Promise<string>) {
    this.#read = read;
  }

  /**
   * Watches these files from now on; `contents`: as they were when they were last acted upon, or undefined if they have to
   * be read first.
   */
  expect(contents: Contents | undefined): void {
    this.#known = contents;
    this.#last = contents ?? new Map();
  }

  /**
   * Whether files have changed, and were the same in the last look too: half a file may be a valid one. True as long as
   * nobody has said which files to watch.
   */
  async haveChanged(): Promise<boolean> {
    if (this.#known === undefined) return true;
    const looked = [...this.#known.keys()].map(async (path) => [path, await this.#digest(path)] as const);
    const now = new Map(await Promise.all(looked));
    const isSettled = areSame(now, this.#last);
    this.#last = now;
    return isSettled && !areSame(now, this.#known);
  }

  /** Whether files that are read now are as they were in the last look, as far as they were in it. */
  isAsLooked(contents: Contents): boolean {
    return [...contents].every(([path, digest]) => (this.#last.get(path) ?? digest) === digest);
  }

  #digest(path: string): Promise<string> {
    return this.#read(path).then(digestOf, () => UNREADABLE);
  }
}

const UNREADABLE = "unreadable";

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function areSame(a: Contents, b: Contents): boolean {
  return a.size === b.size && [...a].every(([path, digest]) => b.get(path) === digest);
}
