import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { Introspection } from "../../src/engine/request.ts";
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
  test("comes as a JWT too, if that is asked for", async () => {
    engine.introspection = async () => ({ active: true, sub: "s" });
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      expect(await call("introspect", { token: "t", signed: true }), name).toMatchObject({
        ...{ active: true, sub: "s", jwt: "a.b.c" },
      });
      expect(engine.asked.at(-1), name).toMatchObject({ operation: "introspectSigned", request: { token: "t" } });
    }
  });

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
    const typed =
      '"scope":"a b","clientId":"c","tokenType":"Bearer","exp":"1793000000","aud":["a","b"],"iss":"https://i"';
    expect(await response.text()).toBe(`{"active":true,"claims":${TEXT},${typed}}`);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("has the registered claims in their own types", async () => {
    const registered = {
      scope: "a b",
      client_id: "c",
      token_type: "Bearer",
      exp: 1793000000,
      iat: 0,
      nbf: 1792999999.5,
      sub: "s",
      aud: ["a", "b"],
      iss: "https://i",
      jti: "j",
    };
    engine.introspection = async () => ({ ...registered, active: true });
    const { client_id: clientId, token_type: tokenType, ...same } = registered;
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      const numbers = name === "gRPC" ? [1793000000, 0, 1792999999] : [1793000000n, 0n, 1792999999n];
      const [exp, iat, nbf] = numbers;
      expect(await call("introspect", {}), name).toMatchObject({ ...same, clientId, tokenType, exp, iat, nbf });
    }
  });

  test("has none of them that the token does not have, or has in another type", async () => {
    engine.introspection = async () => ({ active: true, aud: "a", exp: "soon", sub: 1, scope: ["a"] });
    for (const [name, call] of Object.entries(clients(doors, stock))) {
      const answer = (await call("introspect", {})) as Record<string, unknown>;
      const absent = { scope: "", clientId: "", tokenType: "", sub: "", iss: "", jti: "", aud: ["a"] };
      expect(answer, name).toMatchObject(absent);
      expect([answer.exp, answer.iat, answer.nbf], name).toEqual([undefined, undefined, undefined]);
    }
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
