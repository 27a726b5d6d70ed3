import type { Io } from "./io.ts";

/** How often progress is shown, in milliseconds. */
const SHOWN_EVERY = 100;

/** Tells how far something is. */
interface Progress {
  /** Shows a line in place of the last one. */
  show(line: string): void;
  /** Takes the line away. */
  end(): void;
}

/** Progress on a terminal, as one line that changes; none anywhere else. */
export function progressOn({ stderr }: Io, now: () => number = performance.now.bind(performance)): Progress {
  if (!stderr.isTTY) return { show: () => undefined, end: () => undefined };
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show(line) {
      if (now() - shownAt < SHOWN_EVERY) return;
      shownAt = now();
      stderr.write(`\r\u001b[K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
    },
    end() {
      if (shownAt > Number.NEGATIVE_INFINITY) stderr.write("\r\u001b[K");
      shownAt = Number.NEGATIVE_INFINITY;
    },
  };
}
