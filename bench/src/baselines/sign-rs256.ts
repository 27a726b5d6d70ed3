/** Raw signing with RS256 on all cores, for as many seconds as the first argument says. Prints how many a second. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const seconds = Number(process.argv[2]);
if (isMainThread) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const threads = Array.from({ length: availableParallelism() }, () =>
    once(new Worker(import.meta.filename, { argv: [String(seconds)], workerData: privateKey }), "message"),
  );
  const counts = (await Promise.all(threads)).map(([count]) => count);
  console.log(counts.reduce((sum, count) => sum + count, 0) / seconds);
} else {
  parentPort?.postMessage(signFor(seconds, workerData));
}

/** How many signatures there are in that time, of what a JWT signs. */
function signFor(time: number, key: KeyObject): number {
  const input = Buffer.alloc(600, "x");
  const end = performance.now() + 1000 * time;
  let count = 0;
  for (; performance.now() < end; count += 1) sign("sha256", input, key);
  return count;
}
