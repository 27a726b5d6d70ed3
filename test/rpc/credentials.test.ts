import { connect as openSocket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { FakeEngine } from "../support/fake-engine.ts";
import { startDoors } from "./support.ts";

const PATHS = ["Mint", "Refresh", "Introspect", "Revoke"].map((method) => `/mintmark.v1.TokenService/${method}`);

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

const both = ["Basic YTpi", "Basic Yzpk"];
const joined = { authorization: "Basic YTpi, Basic Yzpk" };

describe.each(PATHS)("the credentials of a call to %s", (path) => {
  test.each(["application/json", "application/grpc-web+proto"])("are every field that there is: %s", async (type) => {
    expect(await overHttp(path, type, ...both)).toEqual(joined);
  });
});
