import { describe, expect, test } from "vitest";
import { OAuthError } from "../../src/engine/errors.ts";
import type { Introspection } from "../../src/engine/request.ts";
import { testGateway } from "./support.ts";

const PATH = "/connect/introspect";

describe("an introspection", () => {
  test.each([
    [PATH, "default"],
    [`/acme${PATH}`, "acme"],
  ])("reaches the engine whole by %s", async (url, tenant) => {
    const { engine, post } = testGateway();
    await post("token=t%2B1&token_type_hint=refresh_token&client_id=c&client_secret=s&unknown=x", {}, url);
    expect(engine.asked).toMatchObject([{ operation: "introspect", tenant }]);
    expect(engine.request).toEqual({ token: "t+1", tokenTypeHint: "refresh_token" });
    expect(engine.credentials).toEqual({ clientId: "c", clientSecret: "s" });
  });

  test("has nothing in it that was empty, not there, or in the query", async () => {
    const { engine, post } = testGateway();
    await post("token=&token_type_hint", {}, `${PATH}?token=t`);
    expect(engine.asked).toHaveLength(1);
    expect(engine.request).toEqual({});
  });

  test("is answered with all that the engine says, as it says it", async () => {
    const { engine, post } = testGateway();
    const text =
      '{"iss":"https://i","aud":["a","b"],"exp":1.5,"nested":{"__proto__":null,"list":[[],{},-0.5,1e+21,true]},' +
      '"__proto__":{"x":1},"constructor":"c","then":"t","toJSON":"j","pipe":"p","statusCode":500,"error":"e","buffer":"b",' +
      '"scope":"a b","active":true,"token_type":"Bearer","client_id":"ключ"}';
    engine.introspection = async () => JSON.parse(text) as Introspection;
    const response = await post("token=t", {}, PATH);
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe(text);
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      pragma: "no-cache",
    });
    expect(response.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each([
    ["application/token-introspection+jwt", true],
    ["Application/Token-Introspection+JWT;q=0.5", true],
    ["application/json, application/token-introspection+jwt", true],
    ["text/html, application/token-introspection+jwt;q=0.9, application/json;q=0.8", true],
    ["application/token-introspection+jwt;q=0.8, application/json", false],
    ["application/token-introspection+jwt; q=0", false],
    ["application/token-introspection+jwt;q=none", false],
    ["application/jwt, application/*, */*", false],
    ["text/html", false],
    ["", false],
  ])("is answered in the form that the caller prefers: %s", async (accept, isSigned) => {
    const { engine, post } = testGateway();
    const response = await post("token=t", { accept }, PATH);
    expect(response.statusCode).toBe(200);
    expect(engine.asked).toMatchObject([{ operation: isSigned ? "introspectSigned" : "introspect" }]);
    expect(engine.request).toEqual({ token: "t" });
    expect([response.headers["content-type"], response.body]).toEqual(
      isSigned
        ? ["application/token-introspection+jwt", "a.b.c"]
        : ["application/json; charset=utf-8", '{"active":false}'],
    );
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  });

  test("is refused as JSON even if a signed answer was asked for", async () => {
    const { engine, post } = testGateway();
    engine.fail(new OAuthError("invalid_request", "token is required."));
    const response = await post("", { accept: "application/token-introspection+jwt" }, PATH);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({ error: "invalid_request", error_description: "token is required." });
  });

  test("of a token that is not alive is answered with that alone", async () => {
    const { post } = testGateway();
    const response = await post("token=t", {}, PATH);
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe('{"active":false}');
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  });
});
