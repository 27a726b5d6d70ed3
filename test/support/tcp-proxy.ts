import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { refuseCommands, type ServerRefusal } from "./refusing-server.ts";

/**
 * How the network is: it passes all; it refuses, and has cut what there was; it is silent, so that nothing passes and
 * nobody is told; or it passes what is asked and loses the answers.
 */
export type Weather = "passing" | "cut" | "silent" | "losing answers";

/** A network between a client and a server, both on this machine. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections are open. */
  connections(): number;
  /** How many connections were ever asked for. */
  attempts(): number;
  /** How long all that passes takes, in milliseconds, each way. */
  delay: number;
  /** How the server refuses every command, though it can be reached; undefined, as after any change of the weather: it does not. */
  refusal: ServerRefusal | undefined;
  /** Changes the weather. A connection that was ever silent stays so, as if a gateway had forgotten it. */
  become(weather: Weather): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  isForgotten: boolean;
}

/** Stands before the server at `target`, on a free port of the loopback. */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const links = new Set<Link>();
  let weather: Weather = "passing";
  let attempts = 0;

  const listener = createServer((client) => {
    attempts += 1;
    if (weather === "cut") client.resetAndDestroy();
    else join(client);
  });

  function join(client: Socket): void {
    const server = connect(target);
    const link: Link = { client, server, isForgotten: weather === "silent" };
    links.add(link);
    client.on("data", (chunk) => ask(link, chunk));
    server.on("data", (chunk) => weather !== "losing answers" && pass(link, client, chunk));
    for (const socket of [client, server]) socket.on("error", () => {}).on("close", () => cut(link));
  }

  /** Passes on what is asked, or has the server refuse it: a driver writes a command at once, so a chunk holds whole ones. */
  function ask(link: Link, chunk: string | Buffer): void {
    const whole = Buffer.from(chunk);
    const { passed, refused } = proxy.refusal ? refuseCommands(whole, proxy.refusal) : { passed: whole, refused: "" };
    if (passed.length > 0) pass(link, link.server, passed);
    if (refused.length > 0) pass(link, link.client, refused);
  }

  function pass(link: Link, to: Socket, chunk: string | Buffer): void {
    if (link.isForgotten) return;
    if (proxy.delay === 0) to.write(chunk);
    else setTimeout(() => !link.isForgotten && to.writable && to.write(chunk), proxy.delay);
  }

  function cut(link: Link): void {
    links.delete(link);
    // The other end of what was forgotten hears nothing of it.
    if (!link.isForgotten) link.client.resetAndDestroy();
    link.server.destroy();
  }

  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const proxy: TcpProxy = {
    port: (listener.address() as AddressInfo).port,
    connections: () => links.size,
    attempts: () => attempts,
    delay: 0,
    refusal: undefined,
    become(next) {
      weather = next;
      proxy.refusal = undefined;
      for (const link of links) {
        if (next === "cut") cut(link);
        if (next === "silent") link.isForgotten = true;
      }
    },
    async close() {
      for (const link of links) {
        link.isForgotten = false;
        cut(link);
      }
      listener.close();
      await once(listener, "close");
    },
  };
  return proxy;
}
