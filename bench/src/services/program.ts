import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";
import { type ServerProcess, spawnNode, stop, untilReady } from "./process.ts";

/** Starts one of the programs of this folder that serve on the port of their first argument, such as `baselines/node-http.ts`. */
export async function startProgram(name: string): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawnNode({ args: [join(import.meta.dirname, "..", name), String(port)] });
  await untilReady(child, () => accepts(port));
  return { pid: child.pid ?? 0, port, stop: () => stop(child) };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}
