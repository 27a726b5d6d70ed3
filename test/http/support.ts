import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import { createGateway, type GatewayOptions } from "../../src/http/gateway.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";

export const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** A gateway over a fake engine, and the log of both. */
export function testGateway(options: Partial<GatewayOptions> = {}) {
  const engine = new FakeEngine();
  const logger = recordingLogger();
  const app = createGateway({ engine, listener: listenerOf(logger), publicUrl: "https://mint.example", ...options });
  const post = (payload: string | Buffer, headers: Record<string, string | string[]> = {}, url = "/connect/token") =>
    app.inject({ method: "POST", url, headers: { ...FORM, ...headers }, payload });
  return { engine, logger, app, post };
}

/** The port of a gateway that listens on the loopback interface. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (typeof address !== "object" || address === null) throw new Error("the gateway has no port");
  return address.port;
}

/** Sends bytes as they are, and reads until the other side closes the connection. */
export async function sendRaw(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  // The other side may close before it has read all.
  socket.on("error", () => undefined);
  for (const part of parts) socket.write(part);
  return text(socket);
}
