import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createHttpServer } from "../../src/http/gateway.ts";
import { registerConnect } from "../../src/rpc/connect.ts";
import { createGrpcServer } from "../../src/rpc/grpc.ts";
import { ServerTls } from "../../src/wire/tls.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { conformanceService } from "./service.ts";

/** Bytes before a message that say how many it has. */
const PREFIX = 4;

/**
 * A server as the runner starts it: it reads from standard input how to serve, writes to standard output where, and serves
 * until it is told to stop. The argument is the door: `http` or `grpc`.
 */
const [door] = process.argv.slice(2);
const request = fromBinary(ServerCompatRequestSchema, await readMessage());
const listener = listenerOf(recordingLogger());
const { serverCreds } = request;
const tls =
  request.useTls && serverCreds
    ? new ServerTls({ cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key) })
    : undefined;
const port = door === "grpc" ? await serveGrpc() : await serveHttp();
const pemCert = tls === undefined ? new Uint8Array() : Uint8Array.from(tls.pair.cert);
writeMessage(
  toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host: "127.0.0.1", port, pemCert })),
);
await once(process, "SIGTERM");
process.exit(0);

async function serveGrpc(): Promise<number> {
  return createGrpcServer({ services: [conformanceService], listener, tls }).listen("127.0.0.1", 0);
}

async function serveHttp(): Promise<number> {
  const app = createHttpServer({ listener, tls });
  registerConnect(app, [conformanceService]);
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function readMessage(): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    read = Buffer.concat([read, chunk]);
    if (read.length >= PREFIX && read.length >= PREFIX + read.readUInt32BE()) break;
  }
  return read.subarray(PREFIX, PREFIX + read.readUInt32BE());
}

function writeMessage(bytes: Uint8Array): void {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(bytes.length);
  process.stdout.write(Buffer.concat([prefix, bytes]));
}
