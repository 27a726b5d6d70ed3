import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

/** The limits of the clients of one port. */
export interface Bounds {
  /** The most connections; further ones are closed. */
  readonly maxConnections: number;
  /** The longest that a call's messages may take to arrive, in milliseconds; then the call is reset. */
  readonly messageTimeout: number;
}

/**
 * Limits the HTTP/2 server at a port, until the returned function is called. grpc-js has no such limits and hides its
 * sockets and streams, but Node announces both on its diagnostics channels.
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

/** Whether the client has not ended its side of the stream yet. */
function isArriving({ state: { state } }: ServerHttp2Stream): boolean {
  return state === constants.NGHTTP2_STREAM_STATE_OPEN || state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL;
}
