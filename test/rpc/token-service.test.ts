import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Introspection } from "../../src/engine/request.ts";
import type { JsonObject } from "../../src/token/json.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { fromStruct } from "../support/struct.ts";
import { clients, startDoors, stockClient } from "./support.ts";

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

const headers = { authorization: "Basic YTpi" };

describe.each([
  ["introspect", { token: "t", tokenTypeHint: "refresh_token" }, {}],
  ["revoke", { token: "s", tokenTypeHint: "subject", revokeAllSubjects: true }, { revokeAllSubjects: false }],
] as const)("the request to %s", (method, whole, empty) => {
  test("reaches the engine whole from every client", async () => {
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      await call(method, { ...whole, tenant: "acme" }, headers);
      expect(engine.asked.at(-1), name).toEqual({
        operation: method,
        tenant: "acme",
        credentials: headers,
        request: whole,
      });
    }
    expect(engine.asked).toHaveLength(4);
  });

  test("in which everything is empty has nothing in it", async () => {
    for (const call of Object.values(clients(doors, stock))) await call(method, { token: "", tokenTypeHint: "" });
    expect(engine.asked).toHaveLength(4);
    for (const { tenant, credentials, request } of engine.asked) {
      expect(tenant).toBe("default");
      expect(credentials).toEqual({});
      expect(request).toEqual(empty);
    }
  });
});

describe("an introspection", () => {
  /** The answer that every client gets, with its claims as JSON. */
  async function answers(): Promise<Record<string, { active: boolean; claims: JsonObject | undefined }>> {
    const got: Record<string, { active: boolean; claims: JsonObject | undefined }> = {};
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      const { active, claims } = (await call("introspect", {})) as { active: boolean; claims?: JsonObject | null };
      got[name] = { active, claims: name === "gRPC" && claims ? fromStruct(claims) : (claims ?? undefined) };
    }
    return got;
  }

  const TEXT =
    '{"iss":"https://i","aud":["a","b"],"exp":1793000000,"zero":0,"half":-0.5,"large":1e+21,"most":9007199254740991,' +
    '"none":null,"no":false,"text":"","list":[],"object":{},"deep":[[],{},[null,{"x":{"__proto__":[0]}}]],' +
    '"__proto__":{"admin":true},"constructor":{"prototype":1},"toJSON":"j","then":"t","$typeName":"mintmark.v1.No",' +
    '"kind":{"case":"nullValue","value":0},"fields":{"a":{}},"ключ":"é😀","":"empty",' +
    '"scope":"a b","active":true,"token_type":"Bearer","client_id":"c"}';

  test("of a token that is active has all members for every client, in their order", async () => {
    engine.introspection = async () => JSON.parse(TEXT) as Introspection;
    for (const [name, { active, claims }] of Object.entries(await answers())) {
      expect(active, name).toBe(true);
      expect(JSON.stringify(claims), name).toBe(TEXT);
      expect(Object.getPrototypeOf(claims), name).toBe(Object.prototype);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("is the same JSON for curl", async () => {
    engine.introspection = async () => JSON.parse(TEXT) as Introspection;
    const response = await fetch(`${doors.url}/mintmark.v1.TokenService/Introspect`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await response.text()).toBe(`{"active":true,"claims":${TEXT}}`);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("of a token that is not has no claims", async () => {
    for (const [name, answer] of Object.entries(await answers())) {
      expect(answer, name).toEqual({ active: false, claims: undefined });
    }
  });
});

test("a revocation is answered with an empty message, once it is done", async () => {
  for (const [name, call] of Object.entries(clients(doors, stock))) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    engine.revocation = () => {
      asked.resolve();
      return promise;
    };
    let answered = false;
    const answer = call("revoke", { token: "t" }).finally(() => {
      answered = true;
    });
    await asked.promise;
    await new Promise(setImmediate);
    expect(answered, name).toBe(false);
    resolve();
    const { $typeName, ...members } = (await answer) as { $typeName?: string };
    expect(members, name).toEqual({});
  }
});
