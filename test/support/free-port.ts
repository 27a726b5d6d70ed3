import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that Linux gives to whoever asks for any, so that no connection takes one before it is used. */
const [FIRST, LAST] = [10_000, 32_000];

/** A port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return freePort();
  }
  server.close();
  await once(server, "close");
  return port;
}
