import { createClient } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KeyService, KeyState, KeyUse, RotationMode } from "../../gen/mintmark/v1/key_service_pb.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import type { Engine, TenantEngine } from "../../src/engine/port.ts";
import type { Caller, ClientRevocation, RevokeClientRequest, RotateRequest } from "../../src/engine/request.ts";
import type { KeyDescription, Rotation } from "../../src/keyring/port.ts";
import { refusalOf, startDoors, stockClient, transports } from "./support.ts";

const NOTHING: Rotation = { keys: [], jwksStaleUntil: undefined, warnings: [], rotated: false };

interface Asked {
  readonly tenant: string;
  readonly credentials: Caller;
  readonly request?: RotateRequest & RevokeClientRequest;
}

/** Knows the tenants `default` and `acme`, does what operators may ask for, and keeps what reached it. */
class OperatorsEngine implements Pick<Engine, "forTenant"> {
  readonly asked: Asked[] = [];
  rotation: () => Promise<Rotation> = async () => NOTHING;
  keys: () => Promise<readonly KeyDescription[]> = async () => [];
  revocation: () => Promise<ClientRevocation> = async () => ({ warnings: [] });

  forTenant(id: string): TenantEngine | undefined {
    if (id !== "default" && id !== "acme") return undefined;
    const operatorsPart: Partial<TenantEngine> = {
      rotate: (credentials, request) => {
        this.asked.push({ tenant: id, credentials: presented(credentials), request });
        return this.rotation();
      },
      revokeClient: (credentials, request) => {
        this.asked.push({ tenant: id, credentials, request });
        return this.revocation();
      },
      listKeys: (credentials) => {
        this.asked.push({ tenant: id, credentials: presented(credentials) });
        return this.keys();
      },
    };
    return operatorsPart as TenantEngine;
  }

  fail(error: unknown): void {
    if (error instanceof OAuthError) error.isReported = true;
    const fail = (): Promise<never> => Promise.reject(error);
    this.rotation = this.keys = this.revocation = fail;
  }
}

/** Without where it came from, which is the same for all. */
function presented({
  remoteAddress: _,
  requestId: __,
  traceParent: ___,
  traceState: ____,
  ...credentials
}: Caller): Caller {
  return credentials;
}

let engine = new OperatorsEngine();
let doors: Awaited<ReturnType<typeof startDoors>>;
let stock: ReturnType<typeof stockClient>;

beforeAll(async () => {
  doors = await startDoors({ forTenant: (id) => engine.forTenant(id) });
  stock = stockClient(doors.address, KeyService.name);
});
beforeEach(() => {
  engine = new OperatorsEngine();
  doors.logger.lines.splice(0);
});
afterAll(async () => {
  stock.close();
  await doors.close();
});

const SECRET = "hunter2-of-the-operator";
const authorization = `Basic ${Buffer.from(`operator:${SECRET}`).toString("base64")}`;

type Method = keyof typeof KeyService.method;
const METHODS = Object.keys(KeyService.method) as Method[];
type Call = (method: Method, request: object, headers?: Record<string, string>) => Promise<object>;

const overGrpc: Call = (method, request, headers = {}) => {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return stock.call(method, request, metadata);
};

const overHttp = Object.entries(transports).map(([name, transport]): [string, Call] => [
  name,
  (method, request, headers = {}) => createClient(KeyService, transport(doors.url))[method](request, { headers }),
]);

const CLIENTS: [string, Call][] = [["gRPC", overGrpc], ...overHttp];

/** Sends a request in protobuf's JSON form through the HTTP port, as curl does. */
function post(method: "Rotate" | "ListKeys", body: string, headers = {}): Promise<Response> {
  const url = `${doors.url}/mintmark.v1.KeyService/${method}`;
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}

interface Timestamp {
  readonly seconds: number | bigint;
  readonly nanos: number;
}

/** An answer without what differs from client to client: its times are instants, and it has no type. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  if ("seconds" in value) {
    const { seconds, nanos } = value as Timestamp;
    return Number(seconds) * 1000 + nanos / 1e6;
  }
  const members = Object.entries(value).filter(([name]) => name !== "$typeName");
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}

const T = Date.UTC(2026, 10, 21, 12, 0, 0, 7);
const OLD: KeyDescription = {
  kid: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
  use: "signing",
  generation: 1,
  algorithm: "RS256",
  state: "active",
  createdAt: T - 1,
  activateAt: T,
  retireAt: T + 86_400_000,
  removeAt: T + 90_000_001,
};
const NEW: KeyDescription = {
  kid: undefined,
  use: "refresh",
  generation: 4_294_967_295,
  algorithm: "HS256",
  state: "pending",
  createdAt: 0,
  activateAt: 1,
  retireAt: undefined,
  removeAt: undefined,
};
const OLD_KEY = {
  kid: OLD.kid,
  use: KeyUse.SIGNING,
  generation: 1,
  algorithm: "RS256",
  state: KeyState.ACTIVE,
  createTime: T - 1,
  activateTime: T,
  retireTime: T + 86_400_000,
  removeTime: T + 90_000_001,
};
const NEW_KEY = {
  kid: "",
  use: KeyUse.REFRESH,
  generation: 4_294_967_295,
  algorithm: "HS256",
  state: KeyState.PENDING,
  createTime: 0,
  activateTime: 1,
};
const OLD_JSON = {
  kid: OLD.kid,
  use: "KEY_USE_SIGNING",
  generation: 1,
  algorithm: "RS256",
  state: "KEY_STATE_ACTIVE",
  createTime: "2026-11-21T12:00:00.006Z",
  activateTime: "2026-11-21T12:00:00.007Z",
  retireTime: "2026-11-22T12:00:00.007Z",
  removeTime: "2026-11-22T13:00:00.008Z",
};
const NEW_JSON = {
  use: "KEY_USE_REFRESH",
  generation: 4_294_967_295,
  algorithm: "HS256",
  state: "KEY_STATE_PENDING",
  createTime: "1970-01-01T00:00:00Z",
  activateTime: "1970-01-01T00:00:00.001Z",
};

describe("the request to rotate", () => {
  const texts = { kid: "k1", dryRun: true, idempotencyKey: "x".repeat(255) };
  const request = { mode: "compromised", use: "refresh", ...texts };

  test.each(CLIENTS)("reaches the engine whole from %s", async (_, call) => {
    const message = { tenant: "acme", mode: RotationMode.COMPROMISED, use: KeyUse.REFRESH, ...texts };
    await call("rotate", message, { authorization });
    expect(engine.asked).toEqual([{ tenant: "acme", credentials: { authorization }, request }]);
  });

  test("reaches the engine whole from curl", async () => {
    const body = { tenant: "acme", mode: "ROTATION_MODE_COMPROMISED", use: "KEY_USE_REFRESH", ...texts };
    await post("Rotate", JSON.stringify(body), { authorization });
    expect(engine.asked).toEqual([{ tenant: "acme", credentials: { authorization }, request }]);
  });

  test.each(CLIENTS)("in which everything is empty has nothing in it from %s", async (_, call) => {
    await call("rotate", { tenant: "", mode: 0, use: 0, kid: "", idempotencyKey: "" }, { authorization: "" });
    expect(engine.asked).toEqual([{ tenant: "default", credentials: {}, request: { dryRun: false } }]);
  });

  test.each([
    ["UNSPECIFIED", undefined],
    ["GRACEFUL", "graceful"],
    ["IMMEDIATE", "immediate"],
    ["COMPROMISED", "compromised"],
  ] as const)("has the mode %s", async (name, mode) => {
    for (const [, call] of CLIENTS) await call("rotate", { mode: RotationMode[name] });
    await post("Rotate", JSON.stringify({ mode: `ROTATION_MODE_${name}` }));
    await post("Rotate", JSON.stringify({ mode: RotationMode[name] }));
    expect(engine.asked.map(({ request }) => request?.mode)).toEqual(Array(CLIENTS.length + 2).fill(mode));
  });

  test.each([
    ["UNSPECIFIED", undefined],
    ["SIGNING", "signing"],
    ["REFRESH", "refresh"],
  ] as const)("is for the use %s", async (name, use) => {
    for (const [, call] of CLIENTS) await call("rotate", { use: KeyUse[name] });
    await post("Rotate", JSON.stringify({ use: `KEY_USE_${name}` }));
    expect(engine.asked.map(({ request }) => request?.use)).toEqual(Array(CLIENTS.length + 1).fill(use));
  });
});

describe("a number that an enum has not", () => {
  test.each([
    ["mode", "mode must be one of graceful, immediate, compromised."],
    ["use", "use must be one of signing, refresh."],
  ])("in %s is refused and reaches no engine", async (field, message) => {
    const details = [{ error: "invalid_request", errorDescription: message }];
    for (const number of [4, -1, 2_147_483_647]) {
      for (const [name, call] of CLIENTS) {
        const refusal = await refusalOf(call("rotate", { [field]: number }));
        expect(refusal, name).toMatchObject({ code: "InvalidArgument", message, details });
      }
      const response = await post("Rotate", JSON.stringify({ [field]: number }));
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ message, details: [{ debug: details[0] }] });
    }
    expect(engine.asked).toEqual([]);
  });

  test.each([
    ["mode", "GRACEFUL"],
    ["use", "signing"],
  ])("nor a name: %s %s", async (field, name) => {
    const response = await post("Rotate", JSON.stringify({ [field]: name }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ details: [{ debug: { error: "invalid_request" } }] });
    expect(engine.asked).toEqual([]);
  });
});

describe("the answer to a rotation", () => {
  const rotation: Rotation = { keys: [OLD, NEW], jwksStaleUntil: T + 5, warnings: ["One.", "Two: é."], rotated: true };

  test.each(CLIENTS)("has every member for %s", async (_, call) => {
    engine.rotation = async () => rotation;
    expect(plain(await call("rotate", {}))).toEqual({
      keys: [OLD_KEY, NEW_KEY],
      jwksStaleUntil: T + 5,
      warnings: ["One.", "Two: é."],
      rotated: true,
    });
  });

  test.each(CLIENTS)("that changed nothing says so to %s", async (_, call) => {
    expect(plain(await call("rotate", {}))).toEqual({ keys: [], warnings: [], rotated: false });
  });

  test("is JSON for curl, without what is absent", async () => {
    engine.rotation = async () => rotation;
    const response = await post("Rotate", "{}");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      keys: [OLD_JSON, NEW_JSON],
      jwksStaleUntil: "2026-11-21T12:00:00.012Z",
      warnings: ["One.", "Two: é."],
      rotated: true,
    });
    engine.rotation = async () => NOTHING;
    expect(await (await post("Rotate", "{}")).json()).toEqual({});
  });
});

describe("a list of keys", () => {
  test.each(CLIENTS)("is asked for with the whole credentials by %s", async (_, call) => {
    await call("listKeys", { tenant: "acme" }, { authorization });
    await call("listKeys", {});
    expect(engine.asked).toEqual([
      { tenant: "acme", credentials: { authorization } },
      { tenant: "default", credentials: {} },
    ]);
  });

  test.each(CLIENTS)("has every member of every key in the engine's order for %s", async (_, call) => {
    engine.keys = async () => [NEW, OLD];
    expect(plain(await call("listKeys", {}))).toEqual({ keys: [NEW_KEY, OLD_KEY] });
    engine.keys = async () => [];
    expect(plain(await call("listKeys", {}))).toEqual({ keys: [] });
  });

  test("is JSON for curl", async () => {
    engine.keys = async () => [OLD, NEW];
    expect(await (await post("ListKeys", "{}", { authorization })).json()).toEqual({ keys: [OLD_JSON, NEW_JSON] });
    expect(engine.asked).toEqual([{ tenant: "default", credentials: { authorization } }]);
  });

  test.each([
    ["pending", "PENDING"],
    ["active", "ACTIVE"],
    ["retired", "RETIRED"],
    ["gone", "GONE"],
    ["compromised", "COMPROMISED"],
  ] as const)("names the state of a key that is %s", async (state, name) => {
    engine.keys = async () => [{ ...OLD, state }];
    for (const [client, call] of CLIENTS) {
      expect(plain(await call("listKeys", {})), client).toEqual({ keys: [{ ...OLD_KEY, state: KeyState[name] }] });
    }
    const json = await (await post("ListKeys", "{}")).json();
    expect(json).toEqual({ keys: [{ ...OLD_JSON, state: `KEY_STATE_${name}` }] });
  });

  test("has nothing of a key but what the API names", async () => {
    const withPrivatePart = { ...OLD, d: SECRET, sealed: SECRET };
    engine.keys = async () => [withPrivatePart];
    engine.rotation = async () => ({ ...NOTHING, keys: [withPrivatePart] });
    for (const method of ["Rotate", "ListKeys"] as const) {
      expect(await (await post(method, "{}")).text()).not.toContain(SECRET);
    }
  });
});

describe.each(METHODS)("%s", (method) => {
  test.each([
    ["invalid_client", "Unauthenticated"],
    ["invalid_request", "InvalidArgument"],
    ["access_denied", "PermissionDenied"],
    ["temporarily_unavailable", "Unavailable"],
  ] as const)("that is refused with %s has the same details for every client", async (error, code) => {
    engine.fail(new OAuthError(error, "Not so."));
    for (const [name, call] of CLIENTS) {
      const refusal = await refusalOf(call(method, {}, { authorization }));
      expect(refusal, name).toMatchObject({
        code,
        message: "Not so.",
        details: [{ error, errorDescription: "Not so." }],
      });
    }
    expect(doors.logger.lines).toEqual([]);
  });

  test("of an unknown tenant is NOT_FOUND for every client", async () => {
    for (const tenant of ["nobody", "__proto__"]) {
      for (const [name, call] of CLIENTS) {
        const refusal = await refusalOf(call(method, { tenant }, { authorization }));
        const errorDescription = "There is no such tenant.";
        expect(refusal, name).toMatchObject({
          code: "NotFound",
          message: errorDescription,
          details: [{ error: "invalid_request", errorDescription }],
        });
      }
    }
    expect(engine.asked).toEqual([]);
  });

  test("that fails tells its callers nothing, and the log nothing of their credentials", async () => {
    engine.fail(new TypeError("the disk is full"));
    for (const [name, call] of CLIENTS) {
      const refusal = await refusalOf(call(method, { idempotencyKey: "retry-1" }, { authorization }));
      expect(refusal, name).toMatchObject({ code: "Internal", details: [{ error: "server_error" }] });
      expect(JSON.stringify(refusal), name).not.toContain("disk");
    }
    const fields = { operation: method, tenant: "default", requestId: expect.any(String) };
    expect(doors.logger.lines).toMatchObject(Array(CLIENTS.length).fill({ level: "error", fields }));
    const log = doors.logger.text();
    expect(log).toContain("the disk is full");
    for (const secret of [SECRET, authorization, authorization.slice("Basic ".length)]) {
      expect(log).not.toContain(secret);
    }
  });
});

test.each(CLIENTS)("a client's revocation comes through as it was asked for, by %s", async (_, call) => {
  engine.revocation = async () => ({ warnings: ["One."] });
  const request = { tenant: "acme", client: "web" };
  expect(plain(await call("revokeClient", request, { authorization }))).toEqual({ warnings: ["One."] });
  await call("revokeClient", {});
  expect(engine.asked).toMatchObject([
    { tenant: "acme", credentials: { authorization }, request: { client: "web" } },
    { tenant: "default", request: {} },
  ]);
});
