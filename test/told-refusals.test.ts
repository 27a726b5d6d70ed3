import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:http2";
import { connect as openSocket } from "node:net";
import { text } from "node:stream/consumers";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KeyService, RotateRequestSchema, type RotationMode } from "../gen/mintmark/v1/key_service_pb.ts";
import { MintRequestSchema } from "../gen/mintmark/v1/token_service_pb.ts";
import { FORM } from "./http/support.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** What a door answers, and the id of the request in the answer's header and, over gRPC, in its trailer. */
interface Answer {
  readonly status: number;
  readonly id: unknown;
  readonly trailerId?: unknown;
}

/** Sends a request with that id through a door. */
type Send = (id: string) => Promise<Answer>;

const MINT = "/mintmark.v1.TokenService/Mint";
const ROTATE = `/${KeyService.typeName}/Rotate`;
const JSON_TYPE = { "content-type": "application/json" };
const PROTO = { "content-type": "application/proto" };
const NO_ENUM = toBinary(RotateRequestSchema, create(RotateRequestSchema, { mode: 99 as RotationMode }));
const NO_TENANT = toBinary(MintRequestSchema, create(MintRequestSchema, { tenant: "nobody" }));
const UNREADABLE = Buffer.from([0x0a, 0xff]);
const LARGE = Buffer.alloc(70_000, "x");

/** Over HTTP/1.1, with a body that is a form unless the options say otherwise. */
function http(path: string, body: string | Uint8Array = "", { headers = FORM, ...options }: RequestOptions = {}): Send {
  return async (id) => {
    const all = { host: "127.0.0.1", port: service.httpPort, path, method: "POST", agent: false, ...options };
    const sent: ClientRequest = request({ ...all, headers: { ...headers, "x-request-id": id } });
    const answered = Promise.withResolvers<IncomingMessage>();
    sent.on("response", answered.resolve).on("error", answered.reject).end(body);
    const answer = await answered.promise;
    await text(answer);
    return { status: answer.statusCode ?? 0, id: answer.headers["x-request-id"] };
  };
}

/** Over gRPC's HTTP/2, with one message. */
function grpc(path: string, message: Uint8Array = Buffer.alloc(0), more: Record<string, string> = {}): Send {
  return async (id) => {
    const session = connect(`http://127.0.0.1:${service.rpcPort}`);
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...more };
    const stream = session.request({ ...headers, "x-request-id": id }).on("error", () => undefined);
    const [header, trailer]: Record<string, unknown>[] = [{}, {}];
    stream.on("response", (got) => Object.assign(header ?? {}, got));
    stream.on("trailers", (got) => Object.assign(trailer ?? {}, got));
    const envelope = Buffer.alloc(5);
    envelope.writeUInt32BE(message.length, 1);
    stream.resume().end(Buffer.concat([envelope, message]));
    await new Promise((resolve) => stream.on("close", resolve));
    session.destroy();
    const [inHeader, inTrailer] = [header?.["grpc-status"], trailer?.["grpc-status"]];
    const status = Number(inHeader ?? inTrailer ?? header?.[":status"]);
    const answer = { status, id: header?.["x-request-id"] };
    return inTrailer === undefined ? answer : { ...answer, trailerId: trailer?.["x-request-id"] };
  };
}

/** Sends text over a socket, as no client library would. */
function raw(...lines: string[]): Send {
  return async (id) => {
    const socket = openSocket(service.httpPort, "127.0.0.1");
    socket.write(lines.join("\r\n").replace("ID", id));
    const answer = await text(socket);
    return {
      status: Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]),
      id: /^x-request-id: (.*)\r$/m.exec(answer)?.[1],
    };
  };
}

/** What is told of a refusal; a member that is undefined is not known. */
interface Told {
  readonly reason: RegExp;
  readonly operation?: string | undefined;
  readonly tenant?: string | undefined;
  readonly code?: string;
}

function told(reason: RegExp, operation?: string, tenant?: string): Told {
  return { reason, operation, tenant };
}

const atDefault = (reason: RegExp, operation?: string) => told(reason, operation, "default");

const cases: Record<string, [send: Send, status: number, told: Told]> = {
  "a form that gives a parameter twice": [http("/connect/token", "scope=a&scope=b"), 400, atDefault(/^scope is given/)],
  "a form with a bad escape": [http("/connect/introspect", "token=%zz"), 400, atDefault(/^token is not/, "introspect")],
  "a body that is no form": [
    http("/connect/token", "{}", { headers: JSON_TYPE }),
    400,
    atDefault(/^Content-Type must be/),
  ],
  "a form that is too large": [http("/connect/token", LARGE), 413, atDefault(/too large/)],
  "a boolean that is none": [
    http("/acme/connect/revocation", "token=a&revoke_all_subjects=1"),
    400,
    told(/^revoke_all_subjects/, "revoke", "acme"),
  ],
  "an unknown tenant": [http("/nobody/connect/revocation", "token=a"), 404, told(/no such tenant/, "revoke")],
  "a tenant with a name that is too long": [http(`/${"a".repeat(100)}/connect/token`), 404, told(/no such tenant/)],
  "a method that an endpoint does not allow": [
    http("/connect/token", "", { method: "GET" }),
    405,
    atDefault(/^The method must be POST/),
  ],
  "a path with nothing": [http("/nothing"), 404, told(/nothing at this path/)],
  "a path that is not percent-encoded": [http("/%zz"), 400, told(/malformed/)],
  "an unknown expectation": [
    http("/connect/token", "", { headers: { ...FORM, expect: "miracles" } }),
    417,
    told(/^Expect must be/),
  ],
  "no host": [http("/connect/token", "", { setHost: false }), 400, told(/malformed/)],
  "a body that goes wrong on its way": [
    raw(
      "POST /connect/revocation HTTP/1.1",
      "host: x",
      `content-type: ${FORM["content-type"]}`,
      "x-request-id: ID",
      "transfer-encoding: chunked",
      "",
      "not a length",
      "",
    ),
    400,
    // How far the door has read by then is a matter of timing.
    { reason: /malformed/ },
  ],

  "Connect with an unknown tenant": [
    http(MINT, '{"tenant":"nobody"}', { headers: JSON_TYPE }),
    404,
    told(/no such tenant/, "mint"),
  ],
  "Connect with a number that an enum lacks": [
    http(ROTATE, '{"tenant":"acme","mode":99}', { headers: JSON_TYPE }),
    400,
    told(/^mode/, "rotate", "acme"),
  ],
  "Connect with a message that is not JSON": [
    http(MINT, "no", { headers: JSON_TYPE }),
    400,
    told(/it is not JSON/, "mint"),
  ],
  "Connect with unreadable protobuf": [http(MINT, UNREADABLE, { headers: PROTO }), 400, told(/cannot be read/, "mint")],
  "Connect with a message that is too large": [http(MINT, LARGE, { headers: PROTO }), 429, told(/too large/, "mint")],
  "Connect with an unknown RPC": [
    http("/mintmark.v1.TokenService/No", "{}", { headers: JSON_TYPE }),
    404,
    told(/no such RPC/),
  ],
  "Connect with GET": [http(MINT, "", { method: "GET" }), 405, told(/must be called with POST/, "mint")],
  "Connect with a form": [http(MINT), 415, told(/^The media type must be/, "mint")],
  "Connect with malformed metadata": [
    http(MINT, "{}", { headers: { ...JSON_TYPE, "x-a-bin": "!" } }),
    400,
    told(/must be base64/, "mint"),
  ],
  "Connect with a malformed deadline": [
    http(MINT, "{}", { headers: { ...JSON_TYPE, "connect-timeout-ms": "soon" } }),
    400,
    told(/timeout-ms is malformed/, "mint"),
  ],
  "Connect with an unsupported compression": [
    http(MINT, "{}", { headers: { ...JSON_TYPE, "content-encoding": "br" } }),
    501,
    told(/compression is not supported/, "mint"),
  ],

  "gRPC with an unknown tenant": [grpc(MINT, NO_TENANT), 5, told(/no such tenant/, "mint")],
  "gRPC with a number that an enum lacks": [grpc(ROTATE, NO_ENUM), 3, atDefault(/^mode/, "rotate")],
  "gRPC with unreadable protobuf": [grpc(MINT, UNREADABLE), 3, told(/cannot be read/, "mint")],
  "gRPC with a message that is too large": [grpc(MINT, LARGE), 8, told(/too large/, "mint")],
  "gRPC with an unknown RPC": [grpc("/mintmark.v1.TokenService/No"), 12, told(/no such RPC/)],
  "gRPC with another method": [
    grpc(MINT, undefined, { ":method": "PUT" }),
    12,
    told(/must be called with POST/, "mint"),
  ],
  "gRPC with another content type": [
    grpc(MINT, undefined, { "content-type": "application/json" }),
    415,
    told(/content type/, "mint"),
  ],
  "gRPC with malformed metadata": [grpc(MINT, undefined, { "x-a-bin": "!" }), 3, told(/must be base64/, "mint")],
  "gRPC with a malformed deadline": [
    grpc(MINT, undefined, { "grpc-timeout": "soon" }),
    3,
    told(/grpc-timeout is malformed/, "mint"),
  ],
  "gRPC with an unsupported compression": [
    grpc(MINT, undefined, { "grpc-encoding": "br" }),
    12,
    told(/compression is not supported/, "mint"),
  ],
};

/** What was told of a request. */
function linesOf(id: string): readonly object[] {
  return service.logger.lines
    .map(({ fields }) => fields)
    .filter((fields) => "requestId" in fields && fields.requestId === id);
}

describe("what a door refuses is told once, with the id that its answer has", () => {
  it.each(Object.entries(cases))("%s", async (name, [send, status, expected]) => {
    const id = name.replaceAll(/\W+/g, "-");
    const answer = await send(id);
    expect(answer).toEqual({ status, id, ...("trailerId" in answer && { trailerId: id }) });
    const reason = expect.stringMatching(expected.reason);
    const circumstances = { remoteAddress: "127.0.0.1", code: "invalid_request" };
    const [line, ...others] = linesOf(id);
    expect(line).toMatchObject({ event: "refused", ...circumstances, ...expected, reason });
    expect(others).toEqual([]);
  });
});

describe("what an operation refuses is not told by the door again", () => {
  it.each([
    ["form", http("/connect/token", "grant_type=arbitrary_no_subject&client_id=nobody"), 401],
    ["Connect", http(MINT, "{}", { headers: JSON_TYPE }), 401],
    ["gRPC", grpc(MINT), 16],
  ])("%s", async (name, send, status) => {
    const id = `an-operation-${name}`;
    expect(await send(id)).toMatchObject({ status, id });
    expect(linesOf(id)).toMatchObject([{ event: "client_refused", operation: "mint", duration: expect.any(Number) }]);
    expect(linesOf(id)).toHaveLength(1);
  });
});
