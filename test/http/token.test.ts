import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidValue } from "../../src/engine/request.ts";
import { FORM, listen, sendRaw, testGateway } from "./support.ts";

const SEED = readFileSync(new URL("../golden/000-request.txt", import.meta.url), "latin1");

describe("a request", () => {
  test("reaches the engine whole, in its own words", async () => {
    const { engine, post } = testGateway();
    const form = new URLSearchParams({
      grant_type: "arbitrary_identity",
      subject: "s",
      issuer: "https://i",
      scope: "offline_access a  b ",
      arbitrary_claims: '{"name":["Ä + &="]}',
      arbitrary_json: '{"a":null}',
      custom_payload: "12",
      arbitrary_amrs: '["x"]',
      arbitrary_audiences: "[]",
      access_token_lifetime: "3600",
      id_token_lifetime: "0300",
      access_token_type: "jwt",
      access_token: "t",
      authority: "wellknown://google",
      id_token: "i",
      client_id: "c",
      client_secret: "s3cr3t",
      unknown: "ignored",
    });
    for (const resource of ["https://b.example", "https://a.example"]) form.append("resource", resource);
    await post(form.toString());
    expect(engine.asked[0]?.tenant).toBe("default");
    expect(engine.credentials).toEqual({ clientId: "c", clientSecret: "s3cr3t" });
    expect(engine.request).toEqual({
      grantType: "arbitrary_identity",
      subject: "s",
      issuer: "https://i",
      scopes: ["offline_access", "a", "b"],
      resources: ["https://b.example", "https://a.example"],
      arbitraryClaims: { name: ["Ä + &="] },
      arbitraryJson: { a: null },
      customPayload: 12,
      arbitraryAmrs: ["x"],
      arbitraryAudiences: [],
      accessTokenLifetime: 3600,
      idTokenLifetime: 300,
      accessTokenType: "jwt",
      accessToken: "t",
      authority: "wellknown://google",
      idToken: "i",
    });
  });

  test("of the seed works byte for byte", async () => {
    const { engine, app } = testGateway();
    const port = await listen(app);
    const request = SEED.replace("{{tenant}}", "acme").replace("\nHost:", "\nConnection: close\nHost:");
    const [head = "", body = ""] = request.split("\n\n");
    const answer = await sendRaw(port, `${head.replaceAll("\n", "\r\n")}\r\n\r\n`, Buffer.from(body, "latin1"));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const { tenant, credentials } = engine.asked[0] ?? {};
    expect(tenant).toBe("acme");
    expect(credentials?.authorization).toMatch(/^Basic YTFj/);
    expect(credentials?.clientId).toBe("arbitrary-resource-owner-client");
    expect(engine.request).toMatchObject({
      grantType: "arbitrary_token",
      issuer: "https://accounts.google.com",
      arbitraryClaims: { query: ["dashboard", "licensing"], role: ["admin", "limited"] },
      arbitraryJson: { tip: { dog: "cat", rats: ["a"] }, top: { dog: "cat", rats: ["a"] } },
      accessTokenLifetime: 29,
      accessTokenType: "jwt",
    });
    await app.close();
  });

  test("has nothing in it that was empty or not there", async () => {
    const { engine, post } = testGateway();
    await post("grant_type=x&subject=&scope=++&arbitrary_claims=&client_id=&client_secret", { authorization: "" });
    expect(engine.request).toEqual({ grantType: "x" });
    expect(engine.credentials).toEqual({});
    await post("");
    expect(engine.request).toEqual({});
  });

  test("is not read from the query", async () => {
    const { engine, post } = testGateway();
    await post("grant_type=x", {}, "/connect/token?client_id=c&client_secret=s&grant_type=y&subject=z");
    expect(engine.request).toEqual({ grantType: "x" });
    expect(engine.credentials).toEqual({});
  });

  test.each(["1.5", "-1", "+1", "1e3", " 1", "1 ", "0x10", "١", "many", "1_000"])(
    "has NaN for the lifetime '%s'",
    async (text) => {
      const { engine, post } = testGateway();
      await post(new URLSearchParams({ access_token_lifetime: text }).toString());
      expect(engine.request).toEqual({ accessTokenLifetime: Number.NaN });
    },
  );

  test.each([
    ["arbitrary_claims", "arbitraryClaims"],
    ["arbitrary_json", "arbitraryJson"],
    ["custom_payload", "customPayload"],
    ["arbitrary_amrs", "arbitraryAmrs"],
    ["arbitrary_audiences", "arbitraryAudiences"],
  ])("says what is wrong with the JSON of %s", async (parameter, member) => {
    const { engine, post } = testGateway();
    await post(`${parameter}={"a":1`);
    expect(engine.request).toEqual({ [member]: new InvalidValue() });
    await post(`${parameter}={"a":1,"a":1}`);
    expect(engine.request).toEqual({ [member]: new InvalidValue("it has the member 'a' twice.") });
  });
});

describe("a refresh", () => {
  const REFRESH = {
    grant_type: "refresh_token",
    refresh_token: "r",
    scope: " a  b",
    client_id: "c",
    client_secret: "s",
  };

  test.each([
    ["/connect/token", "default"],
    ["/acme/connect/token", "acme"],
  ])("reaches the engine whole by %s", async (url, tenant) => {
    const { engine, post } = testGateway();
    const response = await post(new URLSearchParams(REFRESH).toString(), {}, url);
    expect(engine.asked).toMatchObject([{ operation: "refresh", tenant }]);
    expect(engine.request).toEqual({ refreshToken: "r", scopes: ["a", "b"] });
    expect(engine.credentials).toEqual({ clientId: "c", clientSecret: "s" });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
  });

  test("has nothing in it that was empty or not there", async () => {
    const { engine, post } = testGateway();
    await post("grant_type=refresh_token&refresh_token=&scope=+");
    expect(engine.asked).toMatchObject([{ operation: "refresh" }]);
    expect(engine.request).toEqual({});
  });

  test.each(["refresh_token ", "Refresh_Token", "refresh"])("is not '%s'", async (grantType) => {
    const { engine, post } = testGateway();
    await post(new URLSearchParams({ grant_type: grantType }).toString());
    expect(engine.asked).toMatchObject([{ operation: "mint", request: { grantType } }]);
  });
});

describe("an answer", () => {
  test.each(["arbitrary_token", "refresh_token"])("to %s has the members of RFC 6749 and 8693", async (grantType) => {
    const { engine, post } = testGateway();
    engine.answer = async () => ({
      accessToken: "a",
      tokenType: "Bearer",
      expiresIn: 5,
      refreshToken: "r",
      idToken: "i",
      scopes: ["x", "y"],
      issuedTokenType: "urn:ietf:params:oauth:token-type:jwt",
    });
    const response = await post(`grant_type=${grantType}`);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      access_token: "a",
      issued_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_type: "Bearer",
      expires_in: 5,
      refresh_token: "r",
      id_token: "i",
      scope: "x y",
    });
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      pragma: "no-cache",
    });
  });

  test("leaves out what there is none of", async () => {
    const { post } = testGateway();
    expect((await post("grant_type=x")).json()).toEqual({ access_token: "at", token_type: "Bearer", expires_in: 29 });
  });

  test("is closed to web pages, and tells nothing of what serves it", async () => {
    const { post } = testGateway();
    const { headers } = await post("grant_type=x", { origin: "https://page.example" });
    expect(Object.keys(headers).filter((name) => /^access-control|powered|server|etag/.test(name))).toEqual([]);
  });
});

describe("the limit of 64 KiB", () => {
  const body = (bytes: number) => `a=${"x".repeat(bytes - 2)}`;

  test("lets a body through that is as large", async () => {
    const { post } = testGateway();
    expect((await post(body(65_536))).statusCode).toBe(200);
  });

  test("refuses a larger one", async () => {
    const { engine, post } = testGateway();
    const response = await post(body(65_537));
    expect(response.statusCode).toBe(413);
    expect(response.json()).toEqual({ error: "invalid_request", error_description: "The body is too large." });
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    expect(engine.asked).toEqual([]);
  });

  test.each([
    ["as soon as its length is known", "content-length: 65537\r\n\r\n"],
    ["that does not tell its length", `transfer-encoding: chunked\r\n\r\n10001\r\n${body(65_537)}\r\n`],
  ])("refuses one %s, and closes the connection", async (_, rest) => {
    const { app } = testGateway();
    const port = await listen(app);
    const head = `POST /connect/token HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM["content-type"]}\r\n`;
    const answer = await sendRaw(port, head, rest);
    expect(answer).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/);
    expect(answer).toContain('{"error":"invalid_request","error_description":"The body is too large."}');
    await app.close();
  });
});
