import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createNetServer } from "node:net";
import {
  Server as GrpcServer,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { formPost } from "../../bench/src/load/form.ts";
import { driveHttp } from "../../bench/src/load/http.ts";
import { driveGrpc } from "../../bench/src/load/http2.ts";
import { LatencySample } from "../../bench/src/load/latency.ts";

const opened: (() => unknown)[] = [];
afterEach(() => Promise.all(opened.splice(0).map((close) => close())));

async function serve(server: Server | ReturnType<typeof createNetServer>): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  opened.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

it("tells quantiles of latencies", () => {
  const sample = new LatencySample();
  for (const milliseconds of [5, 1, 4, 2, 3]) sample.add(milliseconds);
  expect([0, 0.5, 1].map((share) => sample.quantile(share))).toEqual([1, 3, 5]);
});

describe("a load of HTTP requests", () => {
  const answering = (listener: RequestListener) => serve(createServer(listener));
  const request = () => formPost("/token", { name: "a & b" });

  it("sends forms over its connections, one after the other, and passes on what is answered", async () => {
    const bodies = new Set<string>();
    const connections = new Set<unknown>();
    const port = await answering(async (incoming, response) => {
      connections.add(incoming.socket);
      const body = Buffer.concat(await incoming.toArray()).toString();
      response.writeHead(200, { "content-length": body.length }).end(body);
    });
    const answered = (connection: number, body: Buffer) => void bodies.add(`${connection} ${body}`);
    await driveHttp({ port, connections: 2, request, answered }, 0.05);
    expect(bodies).toEqual(new Set(["0 name=a+%26+b", "1 name=a+%26+b"]));
    expect(connections.size).toBe(2);
  });

  it("waits for the rest of an answer that comes in parts", async () => {
    const bodies = new Set<string>();
    const server = createNetServer((socket) =>
      socket.on("data", async () => {
        for (const part of ["HTTP/1.1 200 OK\r\nContent-", "Length: 4\r\n\r", "\nab", "cd"]) {
          socket.write(part);
          await new Promise(setImmediate);
        }
      }),
    );
    const answered = (_connection: number, body: Buffer) => void bodies.add(body.toString());
    await driveHttp({ port: await serve(server), connections: 1, request, answered }, 0.02);
    expect(bodies).toEqual(new Set(["abcd"]));
  });

  it("sends no more than its rate says", async () => {
    let requests = 0;
    const port = await answering((_incoming, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": 0 }).end();
    });
    await driveHttp({ port, connections: 8, rate: 100, request }, 0.05);
    // What is due after 50 ms, and a request for each connection if the last tick is late.
    expect(requests).toBeLessThanOrEqual(5 + 8);
  });

  it("fails if something else is answered", async () => {
    const port = await answering((_incoming, response) => response.writeHead(400, { "content-length": 4 }).end("what"));
    await expect(driveHttp({ port, connections: 1, request }, 1)).rejects.toThrow(/HTTP\/1.1 400 .*what/s);
  });
});

describe("a load of gRPC calls", () => {
  const path = "/some.Service/Echo";
  const asIs = (bytes: Buffer) => bytes;
  const serialization = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };

  type Echo = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;

  async function serveEcho(echo: Echo): Promise<number> {
    const server = new GrpcServer();
    server.addService({ echo: { path, requestStream: false, responseStream: false, ...serialization } }, { echo });
    opened.push(() => server.forceShutdown());
    return new Promise((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
  }

  const load = {
    connections: 2,
    streams: 3,
    path,
    metadata: { "x-name": "y".repeat(200) },
    message: () => Buffer.from("hi"),
  };

  it("makes calls, as many at once as it says", async () => {
    const messages = new Set<string>();
    const metadata = new Set<unknown>();
    const port = await serveEcho((call, callback) => {
      messages.add(call.request.toString());
      metadata.add(call.metadata.get("x-name")[0]);
      callback(null, call.request);
    });
    await driveGrpc({ ...load, port }, 0.05);
    expect(messages).toEqual(new Set(["hi"]));
    expect(metadata).toEqual(new Set(["y".repeat(200)]));
  });

  it("fails if a call is refused", async () => {
    const port = await serveEcho((_call, callback) => callback({ code: status.INTERNAL }));
    await expect(driveGrpc({ ...load, port }, 1)).rejects.toThrow("A call failed.");
  });
});
