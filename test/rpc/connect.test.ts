import { connect as openSocket } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient, createServiceImplSpec } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MintRequestSchema, TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import { createHttpServer } from "../../src/http/gateway.ts";
import { registerConnect } from "../../src/rpc/connect.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";
import { compressing, deepStruct, MINT, refusalOf, startDoors, transports } from "./support.ts";

const engine = new FakeEngine();
let doors: Awaited<ReturnType<typeof startDoors>>;

beforeAll(async () => {
  doors = await startDoors(engine);
});
afterAll(() => doors.close());

function post(body: string | Uint8Array<ArrayBuffer>, type = "application/json", headers = {}): Promise<Response> {
  return fetch(doors.url + MINT, { method: "POST", body, headers: { "content-type": type, ...headers } });
}

/** Expects the refusal of a message that is too large. */
async function expectTooLarge(response: Response): Promise<void> {
  expect(response.status).toBe(429);
  expect(await response.json()).toMatchObject({
    code: "resource_exhausted",
    message: TOO_LARGE,
    details: [{ type: "mintmark.v1.OAuthErrorDetail", debug: { error: "invalid_request" } }],
  });
}

/** Expects the refusal of a request that could not be read, and gives its words. */
async function expectUnreadable(response: Response): Promise<string> {
  return expectRefused(response, expect.stringMatching(/^The request cannot be read: /));
}

/** Expects `invalid_request` in these words, in Connect's form and with its details, and gives them. */
async function expectRefused(response: Response, words: string): Promise<string> {
  expect(response.status).toBe(400);
  const refusal = (await response.json()) as { code: string; message: string; details: { debug: object }[] };
  expect(refusal.code).toBe("invalid_argument");
  expect(refusal.details.map(({ debug }) => debug)).toEqual([
    { error: "invalid_request", errorDescription: refusal.message },
  ]);
  expect(refusal.message).toEqual(words);
  return refusal.message;
}

describe("a call with curl", () => {
  test("is answered, and kept in no cache", async () => {
    const response = await post("{}");
    expect(await response.json()).toMatchObject({ accessToken: "at" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json");
  });

  test.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])("cannot be a %s", async (method) => {
    const before = engine.asked.length;
    for (const query of ["", "?connect=v1&encoding=json&message=%7B%7D"]) {
      const response = await fetch(doors.url + MINT + query, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("POST");
      expect(response.headers.get("cache-control")).toBe("no-store");
      if (method !== "HEAD") expect(await response.text()).toBe("RPCs must be called with POST.\n");
    }
    expect(engine.asked).toHaveLength(before);
  });

  test.each(["text/plain", "application/grpc", "application/grpc+proto", "application/x-www-form-urlencoded"])(
    "cannot be %s",
    async (type) => {
      const response = await post("{}", type);
      expect(response.status).toBe(415);
      expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
      expect(await response.text()).toMatch(/^The media type must be application\/json or application\/proto/);
    },
  );

  test("with metadata that is no base64 is refused as over gRPC", async () => {
    const response = await post("{}", "application/json", { "x-a-bin": "SECRET!" });
    await expectRefused(response, "Metadata whose name ends in -bin must be base64.");
  });

  test("whose deadline is malformed is refused, and the deadline quoted nowhere", async () => {
    const unary = await post("{}", "application/json", { "connect-timeout-ms": "SECRET" });
    await expectRefused(unary, "The request cannot be read: its connect-timeout-ms is malformed.");
    const web = await post(new Uint8Array(5), "application/grpc-web+proto", { "grpc-timeout": "SECRET" });
    const trailer = await web.text();
    expect(trailer).toContain("grpc-status: 3\r\n");
    expect(decodeURIComponent(trailer)).toContain("its grpc-timeout is malformed.");
    expect(trailer).not.toContain("SECRET");
  });

  test.each(Object.keys(transports))("has its deadline, which the engine need not look at: %s", async (name) => {
    const { answer } = engine;
    engine.answer = () => new Promise(() => {});
    const client = createClient(TokenService, transports[name as keyof typeof transports](doors.url));
    // The client's own timer would end the call as soon; the header is what the server goes by.
    const header = name === "gRPC-Web" ? { "grpc-timeout": "50m" } : { "connect-timeout-ms": "50" };
    expect(await refusalOf(client.mint({}, { headers: header }))).toMatchObject({
      code: "DeadlineExceeded",
      message: "The call's deadline has passed.",
      details: [],
    });
    engine.answer = answer;
  });

  test("that is to be sent again says when", async () => {
    const { answer } = engine;
    engine.answer = () => Promise.reject(new OAuthError("temporarily_unavailable", "Try again."));
    const response = await post("{}");
    engine.answer = answer;
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
  });

  test("without a usable Host is refused at once", async () => {
    for (const head of ["HTTP/1.0\r\n", "HTTP/1.1\r\nHost: a b\r\n"]) {
      const socket = openSocket(Number(new URL(doors.url).port), "127.0.0.1");
      socket.end(
        `POST ${MINT} ${head}Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      );
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1.1 400 .*\r\ncache-control: no-store\r\n/s);
      const body = new Response(answer.split("\r\n\r\n")[1], { status: 400 });
      await expectRefused(body, "The request's target and Host do not form a URL.");
    }
  });
});

describe("a request that cannot be read", () => {
  test.each([
    ["a name that there is not", `{"TOKEN.b.c":{}}`, "it has an unknown field."],
    ["a name that is misspelt", `{"grantTypo":"a"}`, "it has the unknown field 'grantTypo'; did you mean grantType?"],
    ["a name of the form", `{"scope":"a b"}`, "it has the unknown field 'scope'; did you mean scopes?"],
    [
      "a misspelt name as in .proto",
      `{"grant_typo":1}`,
      "it has the unknown field 'grant_typo'; did you mean grant_type?",
    ],
    ["a name that is like none", `{"colour":"a"}`, "it has the unknown field 'colour'."],
    [
      "an enum value that there is not",
      `{"accessTokenType":"TOKEN"}`,
      "accessTokenType must be one of ACCESS_TOKEN_TYPE_JWT, ACCESS_TOKEN_TYPE_REFERENCE.",
    ],
    ["a field twice", `{"subject":"TOKEN","subject":"b"}`, "it has the field 'subject' twice."],
    [
      "a duration that is a text",
      `{"accessTokenLifetime":"TOKEN"}`,
      "accessTokenLifetime must be a duration, a string such as '60s'.",
    ],
    [
      "a duration that is a number",
      `{"access_token_lifetime":73}`,
      "access_token_lifetime must be a duration, a string such as '60s'.",
    ],
    ["a text that is a number", `{"subject":73}`, "subject must be a string of well-formed Unicode."],
    [
      "a text that is half a surrogate pair",
      `{"subject":"TOKEN\\ud800"}`,
      "subject must be a string of well-formed Unicode.",
    ],
    ["a list that is a text", `{"scopes":"TOKEN"}`, "scopes must be a list of strings, such as ['a', 'b']."],
    ["a text in a list that is none", `{"scopes":["a",73]}`, "scopes must be a list of strings, such as ['a', 'b']."],
    ["claims that are a text", `{"arbitraryClaims":"TOKEN"}`, "arbitraryClaims must be a JSON object."],
    ["a message that is a text", `"TOKEN"`, "cannot decode message mintmark.v1.MintRequest from JSON."],
    ["a name twice", `{"TOKEN":"a","TOKEN":"b"}`, "it has a field twice."],
  ])("for %s says so, and quotes nothing", async (_, body, reason) => {
    const message = await expectUnreadable(await post(body));
    expect(message).toBe(`The request cannot be read: ${reason}`);
    expect(message).not.toMatch(/\bTOKEN|73/);
  });

  const lossy = "it holds a number that would lose precision: send it as a string.";

  test.each([
    [`{"arbitraryClaims":{"a":12345678901234567890}}`, `arbitrary_claims cannot be used: ${lossy}`],
    [`{"arbitrary_claims":{"a":[1,{"b":1e400}]}}`, `arbitrary_claims cannot be used: ${lossy}`],
    [`{"subject":"s","customPayload":0.1000000000000000055}`, `custom_payload cannot be used: ${lossy}`],
    [`{"arbitraryJson":{"a":{"b":1,"\\u0062":2}}}`, "arbitrary_json cannot be used: it has the member 'b' twice."],
  ])("for JSON that readers do not agree on is refused as a form is: %s", async (body, message) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_argument", message });
  });

  test.each([
    `{"arbitrary_claims":{"a":-0.5,"b":1e21},"access_token_lifetime":"1.5s","accessTokenType":2}`,
    `{"subject":null}`,
  ])("is not one in any form that protobuf takes: %s", async (body) => expect((await post(body)).status).toBe(200));

  test.each([`{"idToken":"eyJhbGciOi`, `{"idToken":eyJhbGciOi}`, "eyJhbGciOi", ""])(
    "because it is not JSON is not quoted: %s",
    async (body) => expect(await expectUnreadable(await post(body))).toMatch(/: it is not JSON\.$/),
  );

  test("because it is not UTF-8 is refused in both forms", async () => {
    const json = Buffer.from(`{"subject":"\xff"}`, "latin1");
    await expectUnreadable(await post(json));
    await expectUnreadable(await post(Buffer.from([0x1a, 1, 0xff]), "application/proto"));
  });

  test("because it is not a message is the caller's fault", async () => {
    const bytes = Buffer.from([0x0a, 0xff]);
    await expectUnreadable(await post(bytes, "application/proto"));
    const envelope = Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]);
    const response = await post(envelope, "application/grpc-web+proto");
    expect(await response.text()).toMatch(/grpc-status: 3\r\n/);
  });

  test("because it is nested too deeply is refused in both forms", async () => {
    const nested = `{"arbitraryJson":{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}}`;
    expect(await expectUnreadable(await post(nested))).toContain("recursion");
    expect(await expectUnreadable(await post(deepStruct(2_000), "application/proto"))).toContain("recursion");
  });
});

const TOO_LARGE = "The body is too large.";

describe("the size of a message", () => {
  /** A message of so many bytes. */
  const sized = (bytes: number) =>
    toBinary(MintRequestSchema, create(MintRequestSchema, { subject: "x".repeat(bytes - 4) }));

  test("may be 64 KiB, and no more", async () => {
    expect(sized(65_536)).toHaveLength(65_536);
    expect(await post(sized(65_536), "application/proto")).toMatchObject({ status: 200 });
    await expectTooLarge(await post(sized(65_537), "application/proto"));
    await expectTooLarge(await post(`{"subject":"${"x".repeat(65_536)}"}`));
    const client = createClient(TokenService, transports["gRPC-Web"](doors.url));
    expect(await refusalOf(client.mint({ subject: "x".repeat(65_536) }))).toMatchObject({
      code: "ResourceExhausted",
      details: [{ error: "invalid_request", errorDescription: TOO_LARGE }],
    });
  });

  test("is checked while it arrives if no length was given", async () => {
    const bytes = async function* () {
      for (let n = 0; n < 65; n++) yield new Uint8Array(1024);
    };
    const body = ReadableStream.from(bytes());
    const headers = { "content-type": "application/proto" };
    const response = await fetch(doors.url + MINT, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    await expectTooLarge(response);
  });
});

describe("compression with gzip", () => {
  const json = JSON.stringify({ subject: "x".repeat(1000) });
  const compressed = (body: string | Uint8Array, type = "application/json") =>
    post(Uint8Array.from(gzipSync(body)), type, { "content-encoding": "gzip" });

  test.each(Object.keys(compressing))("is what a library may do: %s", async (name) => {
    const client = createClient(TokenService, compressing[name as keyof typeof compressing](doors.url));
    expect(await client.mint({ subject: "x".repeat(5000) })).toMatchObject({ accessToken: "at" });
    expect(engine.request).toEqual({ subject: "x".repeat(5000) });
  });

  test("may inflate to 64 KiB, and no more", async () => {
    const large = toBinary(MintRequestSchema, create(MintRequestSchema, { subject: "x".repeat(65_532) }));
    expect(await compressed(large, "application/proto")).toMatchObject({ status: 200 });
    await expectTooLarge(await compressed(Buffer.concat([large, Buffer.from([0])]), "application/proto"));
    await expectTooLarge(await compressed(new Uint8Array(20_000_000)));
    for (const name of ["connect", "gRPC-Web"] as const) {
      const client = createClient(TokenService, compressing[name](doors.url));
      expect(await refusalOf(client.mint({ subject: "x".repeat(20_000_000) }))).toMatchObject({
        code: "ResourceExhausted",
        details: [{ error: "invalid_request", errorDescription: TOO_LARGE }],
      });
    }
  });

  test.each([
    ["is none", Buffer.from(json)],
    ["is cut short", gzipSync(json).subarray(0, -10)],
    ["was altered", gzipSync(json).fill(0, 10, 20)],
  ])("that %s is the caller's fault", async (_, body) => {
    const response = await post(Uint8Array.from(body), "application/json", { "content-encoding": "gzip" });
    const message = await expectUnreadable(response);
    expect(message).toBe("The request cannot be read: its gzip compression is malformed.");
  });

  test("is not what an answer ever has", async () => {
    const { answer } = engine;
    engine.answer = async () => ({ accessToken: "x".repeat(5000), tokenType: "Bearer", expiresIn: 1, scopes: [] });
    const headers = { "content-type": "application/json", "accept-encoding": "gzip" };
    const response = await fetch(doors.url + MINT, { method: "POST", body: "{}", headers });
    engine.answer = answer;
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(5000);
  });

  test.each(["br", "deflate", "zstd", "gzip, gzip"])("is the only one: %s", async (encoding) => {
    const response = await post("{}", "application/json", { "content-encoding": encoding });
    const body = await response.json();
    expect(body).toEqual({ code: "unimplemented", message: expect.stringContaining("gzip") });
  });
});

test("a deadline that no timer can hold does no harm", async () => {
  const warned = vi.fn();
  process.on("warning", warned);
  expect(await post("{}", "application/json", { "connect-timeout-ms": "9999999999" })).toMatchObject({ status: 200 });
  await new Promise(setImmediate);
  process.off("warning", warned);
  expect(warned).not.toHaveBeenCalled();
});

test("a caller who goes away aborts the call", async () => {
  const seen = Promise.withResolvers<AbortSignal>();
  const app = createHttpServer({ listener: listenerOf(recordingLogger()) });
  const service = createServiceImplSpec<typeof TokenService>(TokenService, {
    mint(_, context) {
      seen.resolve(context.signal);
      return new Promise(() => {});
    },
  });
  registerConnect(app, [service]);
  const baseUrl = await app.listen({ host: "127.0.0.1", port: 0 });

  const caller = new AbortController();
  const call = createClient(TokenService, transports.connect(baseUrl)).mint({}, { signal: caller.signal });
  const signal = await seen.promise;
  expect(signal.aborted).toBe(false);
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  caller.abort();
  expect((await refusalOf(call)).code).toBe("Canceled");
  await aborted;
  await app.close();
});

test.each([0, 2])("a gRPC-Web request of %i messages is no unary request", async (count) => {
  const body = new Uint8Array(5 * count);
  const response = await post(body, "application/grpc-web+proto");
  const text = `${response.headers.get("grpc-message")}${await response.text()}`;
  expect(decodeURIComponent(text.replace(/[^\x20-\x7e]/g, ""))).toContain("it must be exactly one message.");
});

describe("a call that no RPC of ours takes", () => {
  const detailOf = (body: { readonly details?: readonly { readonly type: string; readonly debug?: object }[] }) =>
    body.details?.map(({ type }) => type);

  test.each(["/mintmark.v1.TokenService/Nope", "/mintmark.v1.KeyService/Nope"])("has a detail: %s", async (path) => {
    const response = await fetch(doors.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(response.status).toBe(404);
    const body = (await response.json()) as { code: string; message: string; details: { type: string }[] };
    expect(body).toMatchObject({ code: "unimplemented", message: "There is no such RPC here." });
    expect(detailOf(body)).toEqual(["mintmark.v1.OAuthErrorDetail"]);
  });

  test.each([
    ["is cut short, has one", [0, 0, 0, 0, 5, 97], 3],
    ["is compressed, without a word how, has none", [1, 0, 0, 0, 1, 120], 13],
  ])("because its envelope %s over gRPC-Web", async (_, bytes, code) => {
    const response = await fetch(`${doors.url}${MINT}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: Uint8Array.from(bytes),
    });
    const told = await response.text();
    expect(told).toContain(`grpc-status: ${code}\r\n`);
    expect(told.includes("grpc-status-details-bin")).toBe(code === 3);
  });

  test("with two content types is refused, whichever a reader would believe", async () => {
    const socket = openSocket(Number(new URL(doors.url).port), "127.0.0.1");
    const types = "content-type: application/json\r\ncontent-type: application/proto\r\n";
    socket.write(`POST ${MINT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${types}content-length: 2\r\n\r\n{}`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 415 /);
  });
});
