import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { untilReady } from "./process.ts";

/** Waits until something accepts connections on a port of the loopback; milliseconds since `start`. */
export async function untilAccepting(child: ChildProcess, port: number, start: number): Promise<number> {
  await untilReady(child, () => accepts(port), 1);
  return performance.now() - start;
}

/** Whether something listens there; rejects if nothing does. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}
