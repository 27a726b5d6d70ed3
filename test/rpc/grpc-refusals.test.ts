import { once } from "node:events";
import { connect as openSession } from "node:http2";
import { gzipSync } from "node:zlib";
import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { createGrpcServer } from "../../src/rpc/grpc.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import { MINT } from "./support.ts";

const service = createServiceImplSpec<typeof TokenService>(TokenService, {
  mint: () => ({}),
  refresh() {
    throw new ConnectError("Slower.", Code.ResourceExhausted);
  },
  introspect: () => new Promise(() => {}),
  revoke(_, { responseHeader, responseTrailer }) {
    responseHeader.set("x-header", said);
    responseTrailer.set("x-trailer", "t");
    responseTrailer.set("x-trailer-bin", "AA==");
    throw new ConnectError("No.", Code.Aborted);
  },
});
const server = createGrpcServer({ services: [service], listener: listenerOf(recordingLogger()) });
let url: string;
let said = "h";

beforeAll(async () => {
  url = `http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`;
});
afterAll(() => server.close(0));

/** Sends what stock clients refuse to send, and gives the header, or the trailer, that has the status. */
async function send(headers: Record<string, string>, body: Buffer = Buffer.alloc(5), trailer: object = {}) {
  const session = openSession(url);
  const all = { ":method": "POST", ":path": MINT, "content-type": "application/grpc", te: "trailers", ...headers };
  const stream = session.request(all).on("error", () => undefined);
  const seen: Record<string, unknown> = {};
  stream
    .on("response", (got) => Object.assign(seen, got))
    .on("trailers", (got) => Object.assign(seen, Object.assign(trailer, got)));
  stream.resume().end(body);
  await new Promise((resolve) => stream.on("close", resolve));
  session.destroy();
  return seen;
}

function envelope(bytes: Buffer): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const GZIP = { "grpc-encoding": "gzip" };
const BAD_GZIP = "The request cannot be read: its gzip compression is malformed.";
const UNNAMED = "The request cannot be read: it is compressed, but the call names no compression.";
const UNKNOWN_ENCODING = "The compression is not supported: send gzip, or none.";
const NO_RPC = "There is no such RPC.";
const BAD_BINARY = "Metadata whose name ends in -bin must be base64.";

/** Whether a refusal is of the call itself, whatever its message says: DEADLINE_EXCEEDED, UNIMPLEMENTED or INTERNAL. */
const isOfGrpc = (code: number) => [4, 12, 13].includes(code);

test.each<[string, Record<string, string>, Buffer | undefined, number, string]>([
  ["a method that there is not", { ":path": "/mintmark.v1.TokenService/SECRET" }, undefined, 12, NO_RPC],
  ["a service that there is not", { ":path": "/SECRET/Mint" }, undefined, 12, NO_RPC],
  ["the path of a refusal", { ":path": "/unreadable" }, undefined, 12, NO_RPC],
  ["gzip that is none", GZIP, envelope(Buffer.from("SECRET")), 3, BAD_GZIP],
  ["gzip that is cut short", GZIP, envelope(gzipSync("SECRET").subarray(0, -6)), 3, BAD_GZIP],
  ["a compressed message without a word how", {}, envelope(gzipSync("SECRET")), 13, UNNAMED],
  [
    "a compressed message that is named otherwise",
    { "grpc-encoding": "identity" },
    envelope(gzipSync("")),
    13,
    UNNAMED,
  ],
  ["an unsupported encoding", { "grpc-encoding": "SECRET" }, undefined, 12, UNKNOWN_ENCODING],
  ["another method of HTTP", { ":method": "PUT" }, undefined, 12, "RPCs must be called with POST."],
  [
    "a timeout within another text",
    { "grpc-timeout": "SECRET 5S" },
    undefined,
    3,
    "The request cannot be read: its grpc-timeout is malformed.",
  ],
  [
    "a timeout that is none",
    { "grpc-timeout": "SECRET" },
    undefined,
    3,
    "The request cannot be read: its grpc-timeout is malformed.",
  ],
  ["metadata that is no base64", { "x-a-bin": "SECRET!" }, undefined, 3, BAD_BINARY],
  ["metadata of which one value is no base64", { "x-a-bin": "AAAA, A" }, undefined, 3, BAD_BINARY],
  [
    "a deadline that passes",
    { ":path": "/mintmark.v1.TokenService/Introspect", "grpc-timeout": "1m" },
    undefined,
    4,
    "The call's deadline has passed.",
  ],
])(
  "%s is refused, with details unless gRPC refuses it, and quoted nowhere",
  async (_, headers, body, code, message) => {
    const seen = await send(headers, body);
    expect(seen).toMatchObject({ "grpc-status": String(code) });
    expect(decodeURIComponent(String(seen["grpc-message"]))).toBe(message);
    const details = String(seen["grpc-status-details-bin"] ?? "");
    const error = findTrailerError(new Headers({ "grpc-status-details-bin": details }));
    const detail = { error: "invalid_request", errorDescription: message };
    expect(error?.findDetails(OAuthErrorDetailSchema) ?? []).toMatchObject(isOfGrpc(code) ? [] : [detail]);
    expect(JSON.stringify(seen)).not.toContain("SECRET");
  },
);

test.each(["", "AAAA", "AAA", "AA==", "AAA=, AA"])("metadata in base64 is taken: '%s'", async (value) => {
  expect(await send({ "x-a-bin": value })).toMatchObject({ "grpc-status": "0" });
});

test.each(["application/json", "application/grpc+json", "application/grpc-web", "application/grpcs"])(
  "another content type has HTTP's status alone: %s",
  async (type) => {
    expect(await send({ "content-type": type })).toMatchObject({ ":status": 415 });
  },
);

test.each(["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"])(
  "gRPC's own content types are taken: %s",
  async (type) => {
    expect(await send({ "content-type": type })).toMatchObject({ "grpc-status": "0" });
  },
);

test("a GET has no message, and is refused", async () => {
  const session = openSession(url);
  const stream = session.request({ ":path": MINT, "content-type": "application/grpc", te: "trailers" });
  const [headers] = await once(stream.resume(), "response");
  session.destroy();
  expect(headers).toMatchObject({ "grpc-status": "12", "grpc-message": encodeURI("RPCs must be called with POST.") });
});

test.each(["99999999H", "4294968S"])("a deadline that no timer can hold is none: %s", async (timeout) => {
  expect(await send({ "grpc-timeout": timeout })).toMatchObject({ "grpc-status": "0" });
});

test("a success has no message", async () => {
  const { "grpc-message": message = "", ...seen } = await send({});
  expect([message, seen]).toEqual(["", expect.objectContaining({ "grpc-status": "0" })]);
});

test("a refusal has the metadata that its implementation set, base64 without padding", async () => {
  const trailer = {};
  const seen = await send({ ":path": "/mintmark.v1.TokenService/Revoke", "x-request-id": "r1" }, undefined, trailer);
  // The error of a stock client has the trailer alone.
  expect(trailer).toMatchObject({ "x-request-id": "r1", "x-trailer": "t" });
  expect(seen).toMatchObject({ "grpc-status": "10", "x-header": "h", "x-trailer": "t", "x-trailer-bin": "AA" });
});

test("metadata that gRPC cannot carry makes no refusal of another one's", async () => {
  said = "\u00fc";
  const seen = await send({ ":path": "/mintmark.v1.TokenService/Revoke" });
  expect(seen).toMatchObject({ "grpc-status": "13" });
  expect(seen).not.toHaveProperty("x-trailer");
});

test("an implementation's own status is not taken for one of the library's", async () => {
  expect(await send({ ":path": "/mintmark.v1.TokenService/Refresh" })).toMatchObject({
    "grpc-status": "8",
    "grpc-message": "Slower.",
  });
});
