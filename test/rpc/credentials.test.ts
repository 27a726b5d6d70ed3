import { readFileSync } from "node:fs";
import { connect as openSession } from "node:http2";
import { connect as openSocket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { joinAuthorization } from "../../src/rpc/credentials.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { startDoors } from "./support.ts";

const PATHS = ["Mint", "Refresh", "Introspect", "Revoke"].map((method) => `/mintmark.v1.TokenService/${method}`);
const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url));

/** What reaches the engine of these `authorization` fields over the HTTP port. */
async function overHttp(path: string, type: string, ...fields: string[]): Promise<object> {
  const engine = new FakeEngine();
  const doors = await startDoors(engine);
  const lines = fields.map((value, index) => `${index === 0 ? "authorization" : "Authorization"}: ${value}\r\n`);
  const body = type === "application/json" ? "{}" : "\0".repeat(5);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\n${lines.join("")}`;
  const socket = openSocket(Number(new URL(doors.url).port), "127.0.0.1");
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  await text(socket);
  await doors.close();
  expect(engine.asked).toHaveLength(1);
  return engine.credentials;
}

/** What reaches the engine of these `authorization` fields over the gRPC port. */
async function overGrpc(path: string, secure: boolean, ...fields: string[]): Promise<object> {
  const engine = new FakeEngine();
  const doors = await startDoors(engine, secure ? { cert: pem("cert.pem"), key: pem("key.pem") } : undefined);
  // What Node would not send by itself.
  const options = { ca: pem("cert.pem"), strictSingleValueFields: false };
  const session = openSession(
    `${secure ? "https" : "http"}://${doors.address.replace("127.0.0.1", "localhost")}`,
    options,
  );
  // By turns, as they go out: a record would hold one of each name.
  const header = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(
    [...Object.entries(header), ...fields.map((value) => ["authorization", value])].flat(),
  );
  stream.end(Buffer.alloc(5));
  await new Promise((resolve, reject) => stream.on("error", reject).on("close", resolve).resume());
  session.close();
  await doors.close();
  expect(engine.asked).toHaveLength(1);
  return engine.credentials;
}

const both = ["Basic YTpi", "Basic Yzpk"];
const joined = { authorization: "Basic YTpi, Basic Yzpk" };

describe.each(PATHS)("the credentials of a call to %s", (path) => {
  test.each(["application/json", "application/grpc-web+proto"])("are every field that there is: %s", async (type) => {
    expect(await overHttp(path, type, ...both)).toEqual(joined);
  });

  test.each([false, true])("are every field that there is over gRPC; over TLS: %s", async (secure) => {
    expect(await overGrpc(path, secure, ...both)).toEqual(joined);
    expect(await overGrpc(path, secure, "Basic YTpi")).toEqual({ authorization: "Basic YTpi" });
  });
});

test.each([
  [[], undefined],
  [["x", "authorization", "authorization-x", "y"], undefined],
  [["x", "1", "Authorization", "a"], "a"],
  [["authorization", ""], ""],
  [["authorization", "", "AUTHORIZATION", "a"], ", a"],
  [["authorization", "authorization", "authorization", "b"], "authorization, b"],
])("of the fields %o counts %s", (fields, authorization) => {
  expect(joinAuthorization(fields)).toBe(authorization);
});
