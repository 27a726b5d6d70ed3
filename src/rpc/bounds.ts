import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

/** What the clients of one port may take of this process. */
export interface Bounds {
  /** How many connections there may be; one more is closed. */
  readonly maxConnections: number;
  /** For how many milliseconds a call's message may take to arrive whole; then the call is reset. */
  readonly messageTimeout: number;
}

/**
 * Bounds the HTTP/2 server at a port, until what it returns is called. grpc-js has no such bounds, and lets nobody at its
 * sockets and streams; Node tells of both on its diagnostics channels.
 */
export function boundPort(port: number, { maxConnections, messageTimeout }: Bounds): () => void {
  let connections = 0;

  function onSocket(message: unknown): void {
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort !== port) return;
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
    if (connections > maxConnections) socket.destroy();
  }

  function onStream(message: unknown): void {
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    if (stream.session?.socket.localPort !== port) return;
    const timer = setTimeout(() => {
      if (isArriving(stream)) stream.close(constants.NGHTTP2_CANCEL);
    }, messageTimeout);
    timer.unref();
    stream.once("close", () => clearTimeout(timer));
  }

  subscribe("net.server.socket", onSocket);
  subscribe("http2.server.stream.created", onStream);
  return () => {
    unsubscribe("net.server.socket", onSocket);
    unsubscribe("http2.server.stream.created", onStream);
  };
}

/** Whether the client has not ended its side of the stream, answered or not. */
function isArriving({ state: { state } }: ServerHttp2Stream): boolean {
  return state === constants.NGHTTP2_STREAM_STATE_OPEN || state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL;
}
