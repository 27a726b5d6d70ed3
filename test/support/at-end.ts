const works: (() => Promise<void>)[] = [];

/** Has something done once the test file, or the script, is over; can be called while tests run. */
export function atEnd(work: () => Promise<void>): void {
  works.push(work);
}

/** Does all that, the latest first. */
export async function tidyUp(): Promise<void> {
  for (let work = works.pop(); work !== undefined; work = works.pop()) await work();
}
