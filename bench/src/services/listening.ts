import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { untilReady } from "./process.ts";

/**
 * Waits until something answers HTTP on a port of the loopback; milliseconds since `start`. A connection that is accepted
 * is no sign: mintmark listens for a moment, to see that it may, before it opens its store.
 */
export async function untilAnswering(child: ChildProcess, port: number, start: number): Promise<number> {
  await untilReady(child, () => answers(port), 1);
  return performance.now() - start;
}

/** Whether a request is answered, with whatever status; rejects if nothing listens. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  const [first] = await Promise.race([once(socket, "data"), once(socket, "close").then(() => [])]);
  socket.destroy();
  return first !== undefined;
}

/** Whether something listens there; rejects if nothing does. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}
