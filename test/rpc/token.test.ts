import { create, toBinary } from "@bufbuild/protobuf";
import { type ListValue, StructSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AccessTokenType, MintRequestSchema, TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { InvalidValue } from "../../src/engine/request.ts";
import { FakeEngine, TOKENS } from "../support/fake-engine.ts";
import { toStruct, toValue } from "../support/struct.ts";
import { clients, sendBytes, startDoors, stockClient, transports } from "./support.ts";

let engine = new FakeEngine();
let doors: Awaited<ReturnType<typeof startDoors>>;
let stock: ReturnType<typeof stockClient>;

beforeAll(async () => {
  doors = await startDoors({ forTenant: (id) => engine.forTenant(id) });
  stock = stockClient(doors.address);
});
beforeEach(() => {
  engine = new FakeEngine();
});
afterAll(async () => {
  stock.close();
  await doors.close();
});

/** Sends a request in protobuf's JSON form through the HTTP port, as curl does. */
async function post(body: string, method: "mint" | "refresh" = "mint"): Promise<Response> {
  const headers = { "content-type": "application/json", authorization: "Basic YTpi" };
  const { name } = TokenService.method[method];
  return fetch(`${doors.url}/mintmark.v1.TokenService/${name}`, { method: "POST", headers, body });
}

const ANY_JSON = { s: "é😀", n: -1.5, b: false, nil: null, o: { a: [[], {}, [1, { x: "y" }]] } };

describe("a mint request", () => {
  const expected = {
    grantType: "arbitrary_token",
    subject: "66C8",
    issuer: "https://accounts.google.com",
    scopes: ["a", "b"],
    resources: ["https://b.example", "https://a.example"],
    arbitraryClaims: { role: ["admin"] },
    arbitraryJson: ANY_JSON,
    confirmation: ANY_JSON,
    customPayload: ANY_JSON,
    arbitraryAmrs: ["pwd"],
    arbitraryAudiences: ["cat", ""],
    accessTokenLifetime: 29,
    idTokenLifetime: 1.5,
    accessTokenType: "reference",
    accessToken: "ey",
    authority: "wellknown://google",
    idToken: "ez",
  };

  const asked = { operation: "mint", tenant: "acme", credentials: { authorization: "Basic YTpi" }, request: expected };

  test("reaches the engine whole from a stock gRPC client", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", "Basic YTpi");
    const request = {
      ...expected,
      tenant: "acme",
      arbitraryClaims: toStruct(expected.arbitraryClaims),
      arbitraryJson: toStruct(ANY_JSON),
      confirmation: toStruct(ANY_JSON),
      customPayload: toValue(ANY_JSON),
      accessTokenLifetime: { seconds: 29 },
      idTokenLifetime: { seconds: 1, nanos: 5e8 },
      accessTokenType: "ACCESS_TOKEN_TYPE_REFERENCE",
    };
    await stock.call("mint", request, metadata);
    expect(engine.asked).toEqual([asked]);
  });

  test("reaches the engine whole from curl", async () => {
    const body = { ...expected, tenant: "acme", accessTokenLifetime: "29s", idTokenLifetime: "1.5s" };
    expect(await post(JSON.stringify({ ...body, accessTokenType: "ACCESS_TOKEN_TYPE_REFERENCE" }))).toMatchObject({
      status: 200,
    });
    expect(engine.asked).toEqual([asked]);
  });

  test("in which everything is empty has nothing in it", async () => {
    const headers = { authorization: "" };
    for (const transport of Object.values(transports)) {
      await createClient(TokenService, transport(doors.url)).mint({}, { headers });
    }
    await stock.call("mint", { grantType: "", scopes: [], arbitraryAmrs: [] });
    expect(engine.asked).toHaveLength(4);
    for (const { tenant, credentials, request } of engine.asked) {
      expect(tenant).toBe("default");
      expect({ ...credentials, ...request }).toEqual({});
    }
  });

  test("keeps an empty object, which is not nothing", async () => {
    await stock.call("mint", { arbitraryClaims: {}, customPayload: { structValue: {} } });
    expect(engine.request).toEqual({ arbitraryClaims: {}, customPayload: {} });
    await post(`{"customPayload":null,"arbitraryJson":{}}`);
    expect(engine.request).toEqual({ arbitraryJson: {}, customPayload: null });
  });
});

describe("a lifetime", () => {
  test.each([
    [{ seconds: 0 }, 0],
    [{ seconds: -5 }, -5],
    [{ seconds: 29, nanos: 1 }, 29.000000001],
    [{ seconds: -1, nanos: -5e8 }, -1.5],
    [{ seconds: 315_576_000_000 }, 315_576_000_000],
    [{ seconds: 2 ** 62 }, 2 ** 62],
    [{ seconds: 31_536_000, nanos: 1 }, Number.NaN],
    [{ seconds: 28, nanos: 1e9 }, Number.NaN],
  ])("%o is %d seconds", async (accessTokenLifetime, seconds) => {
    await stock.call("mint", { accessTokenLifetime });
    expect(engine.request).toEqual({ accessTokenLifetime: seconds });
  });
});

test.each([
  [0, undefined],
  [1, "jwt"],
  [2, "reference"],
  [7, "7"],
  [-1, "-1"],
])("the access token type %d is %s", async (accessTokenType, name) => {
  await createClient(TokenService, transports.connect(doors.url)).mint({
    accessTokenType: accessTokenType as AccessTokenType,
  });
  expect(engine.request.accessTokenType).toBe(name);
  await post(JSON.stringify({ accessTokenType }));
  expect(engine.request.accessTokenType).toBe(name);
});

describe("JSON that is none", () => {
  const notFinite = new InvalidValue("NaN and Infinity are not JSON.");

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d is refused wherever it is",
    async (n) => {
      for (const json of [{ n }, { a: [{ b: [n] }] }]) {
        await stock.call("mint", {
          arbitraryClaims: toStruct(json),
          arbitraryJson: toStruct(json),
          customPayload: toValue(json),
        });
        expect(engine.request).toEqual({
          arbitraryClaims: notFinite,
          arbitraryJson: notFinite,
          customPayload: notFinite,
        });
      }
      await stock.call("mint", { customPayload: toValue(n) });
      expect(engine.request).toEqual({ customPayload: notFinite });
    },
  );

  test.each([`{"arbitraryClaims":{"n":[1e999]}}`, `{"customPayload":-1e999}`])(
    "a number too large for a double is refused from the text: %s",
    async (body) => {
      const response = await post(body);
      expect(await response.json()).toMatchObject({ message: expect.stringContaining("would lose precision") });
    },
  );

  test.each([{}, { listValue: { values: [{}] } }, { structValue: { fields: { a: {} } } }])(
    "a Value that is not set is refused: %o",
    async (customPayload) => {
      await stock.call("mint", { customPayload });
      expect(engine.request).toEqual({ customPayload: new InvalidValue("it contains a Value that is not set.") });
    },
  );
});

describe("a member named __proto__", () => {
  const text = `{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"a":[{"__proto__":1}]}`;

  function expectOwn(): void {
    for (const name of ["arbitraryClaims", "arbitraryJson", "customPayload"]) {
      const json = engine.request[name] as object;
      expect(JSON.stringify(json), name).toBe(text);
      expect(Object.getPrototypeOf(json), name).toBe(Object.prototype);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  }

  test("is a member like any other in JSON", async () => {
    await post(`{"arbitraryClaims":${text},"arbitraryJson":${text},"customPayload":${text}}`);
    expectOwn();
  });

  test("is a member like any other in binary", async () => {
    const wire = toValue(JSON.parse(text)) as { structValue: object };
    const payload = create(ValueSchema, { kind: { case: "structValue", value: structFrom(wire.structValue) } });
    const request = create(MintRequestSchema, { customPayload: payload });
    request.arbitraryClaims = request.arbitraryJson = JSON.parse(text);
    await sendBytes(doors.address, toBinary(MintRequestSchema, request));
    expectOwn();
  });

  function structFrom(written: object): ReturnType<typeof create<typeof StructSchema>> {
    const { fields } = written as { fields: Record<string, object> };
    const made = create(StructSchema);
    made.fields = Object.fromEntries(Object.entries(fields).map(([name, member]) => [name, valueFrom(member)]));
    return made;
  }

  function valueFrom(written: object): Value {
    const [[kind, content] = ["", undefined]] = Object.entries(written);
    const value =
      kind === "structValue"
        ? structFrom(content)
        : kind === "listValue"
          ? ({ $typeName: "google.protobuf.ListValue", values: content.values.map(valueFrom) } as ListValue)
          : content;
    return create(ValueSchema, { kind: { case: kind, value } as Value["kind"] });
  }
});

describe("a refresh request", () => {
  const REFRESH = { tenant: "acme", refreshToken: "r", scopes: ["a", "b"] };

  test("reaches the engine whole from every client", async () => {
    const headers = { authorization: "Basic YTpi" };
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      await call("refresh", REFRESH, headers);
      expect(engine.asked.at(-1), name).toEqual({
        operation: "refresh",
        tenant: "acme",
        credentials: headers,
        request: { refreshToken: "r", scopes: ["a", "b"] },
      });
    }
    expect(engine.asked).toHaveLength(4);
  });

  test("in which everything is empty has nothing in it", async () => {
    for (const call of Object.values(clients(doors, stock))) await call("refresh", { refreshToken: "", scopes: [] });
    expect(engine.asked).toHaveLength(4);
    for (const { tenant, credentials, request } of engine.asked) {
      expect(tenant).toBe("default");
      expect({ ...credentials, ...request }).toEqual({});
    }
  });
});

describe.each(["mint", "refresh"] as const)("the answer to %s", (method) => {
  const full = { accessToken: "at", tokenType: "Bearer", refreshToken: "rt", idToken: "it", scopes: ["a", "b"] };

  test("is the whole token set", async () => {
    engine.answer = async () => ({ ...full, expiresIn: 2_592_000 });
    expect(await stock.call(method, {})).toMatchObject({ ...full, expiresIn: 2_592_000 });
    expect(await (await post("{}", method)).json()).toEqual({ ...full, expiresIn: "2592000" });
    for (const transport of Object.values(transports)) {
      const answer = await createClient(TokenService, transport(doors.url))[method]({});
      expect(answer).toMatchObject({ ...full, expiresIn: 2_592_000n });
    }
  });

  test("leaves out what was not minted", async () => {
    engine.answer = async () => TOKENS;
    const answer = { accessToken: "at", tokenType: "Bearer", expiresIn: "29" };
    expect(await (await post("{}", method)).json()).toEqual(answer);
  });
});

test("the answer to a mint says what the access token is, if the grant does", async () => {
  const issuedTokenType = "urn:ietf:params:oauth:token-type:jwt";
  engine.answer = async () => ({ ...TOKENS, issuedTokenType });
  expect(await stock.call("mint", {})).toMatchObject({ issuedTokenType });
  expect(await (await post("{}")).json()).toMatchObject({ issuedTokenType });
});
