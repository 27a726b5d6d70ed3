import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Whether it is gone once garbage was collected, however long V8 holds on to what a turn before has used. */
export async function isForgotten(reference: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  for (let round = 0; round < 10 && reference.deref() !== undefined; round++) {
    // A WeakRef holds what it refers to until the turn that looked is over.
    await setImmediate();
    collectGarbage();
  }
  return reference.deref() === undefined;
}
