import { describe, expect, test } from "vitest";
import { OAuthError, type OAuthErrorCode } from "../../src/engine/errors.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import { LIMITED_FIELDS, limited } from "../support/limited.ts";
import { testGateway } from "./support.ts";

describe("a refusal", () => {
  const statuses: Record<OAuthErrorCode, number> = {
    invalid_request: 400,
    invalid_client: 401,
    invalid_grant: 400,
    unauthorized_client: 400,
    unsupported_grant_type: 400,
    unsupported_token_type: 400,
    unsupported_response_type: 400,
    invalid_scope: 400,
    invalid_target: 400,
    invalid_dpop_proof: 400,
    use_dpop_nonce: 400,
    access_denied: 400,
    temporarily_unavailable: 503,
    server_error: 500,
  };

  const requests = [
    ["/connect/token", "grant_type=x"],
    ["/connect/token", "grant_type=refresh_token"],
    ["/connect/introspect", "token=x"],
    ["/connect/revocation", "token=x"],
  ] as const;
  const cases = Object.entries(statuses).flatMap(([code, status]) =>
    requests.map(([path, form]) => [code as OAuthErrorCode, status, path, form] as const),
  );

  test.each(cases)("with %s has the status %i at %s for %s", async (code, status, path, form) => {
    const { engine, post, logger } = testGateway();
    engine.fail(new OAuthError(code, "Why.", { cause: new Error("inner") }));
    const response = await post(form, {}, path);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: code, error_description: "Why." });
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    expect(response.headers["www-authenticate"]).toBe(
      code === "invalid_client" ? 'Basic realm="mintmark", charset="UTF-8"' : undefined,
    );
    expect(response.headers["retry-after"]).toBe(code === "temporarily_unavailable" ? "1" : undefined);
    // The engine tells the log itself.
    expect(logger.lines).toEqual([]);
  });

  test("by a limit has the status 429, an OAuth2 body, and headers that say when to try again and what is left", async () => {
    const { engine, post } = testGateway();
    engine.fail(limited);
    const response = await post("grant_type=x");
    expect(response.statusCode).toBe(429);
    expect(response.json()).toEqual({ error: "temporarily_unavailable", error_description: limited.message });
    expect(response.headers).toMatchObject({ ...LIMITED_FIELDS, "cache-control": "no-store" });
  });

  test("for an error that nobody foresaw tells the log, and the caller nothing", async () => {
    const { engine, post, logger } = testGateway();
    engine.answer = () => Promise.reject(Object.assign(new TypeError("x is not a function"), { code: "FST_ERR_X" }));
    const response = await post("grant_type=x");
    expect(response.statusCode).toBe(500);
    expect(response.json()).toEqual({ error: "server_error", error_description: "An unexpected error occurred." });
    expect(logger.lines).toHaveLength(1);
    expect(logger.text()).toMatch(/^error an operation failed .*x is not a function/);
  });

  test("of what is no operation tells what was asked for", async () => {
    const { engine, app, logger } = testGateway();
    Object.defineProperty(engine, "keys", { get: () => expect.fail("no keys") });
    const { statusCode, headers } = await app.inject("/acme/.well-known/jwks.json");
    expect(statusCode).toBe(500);
    const fields = {
      operation: "jwks",
      tenant: "acme",
      requestId: headers["x-request-id"],
      err: { message: "no keys" },
    };
    expect(logger.lines).toMatchObject([{ level: "error", fields }]);
  });

  test("for a store that is out of reach asks to try again", async () => {
    const { engine, post, logger } = testGateway();
    engine.answer = () => Promise.reject(new StoreUnavailableError("no answer"));
    const response = await post("grant_type=x");
    expect(response.statusCode).toBe(503);
    expect(response.json().error).toBe("temporarily_unavailable");
    expect(response.headers["retry-after"]).toBe("1");
    expect(logger.text()).toContain("no answer");
  });

  test.each([
    ["scope=1&scope=2", "scope is given more than once."],
    ["a=%", "a is not percent-encoded UTF-8."],
    [Buffer.from([0x61, 0x3d, 0xff]), "The form is not UTF-8."],
  ])("for a form that cannot be read comes before the engine: %s", async (body, description) => {
    const { engine, post, logger } = testGateway();
    const response = await post(body);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({ error: "invalid_request", error_description: description });
    expect(engine.asked).toEqual([]);
    const requestId = response.headers["x-request-id"];
    expect(logger.lines).toMatchObject([
      { level: "info", fields: { event: "refused", tenant: "default", requestId, reason: description } },
    ]);
  });

  test.each([
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=latin1",
    "nonsense",
    ";",
  ])("for the content type %s names the one to send", async (type) => {
    const { engine, app } = testGateway();
    const url = "/connect/token";
    const response = await app.inject({
      method: "POST",
      url,
      headers: { "content-type": type },
      payload: "grant_type=x",
    });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({
      error: "invalid_request",
      error_description: "Content-Type must be application/x-www-form-urlencoded, in UTF-8.",
    });
    expect(response.headers).toMatchObject({ "cache-control": "no-store", pragma: "no-cache" });
    expect(engine.asked).toEqual([]);
  });

  test("for no content type names the one to send, though there be no body", async () => {
    const { app } = testGateway();
    const response = await app.inject({ method: "POST", url: "/connect/token" });
    expect(response.statusCode).toBe(400);
    expect(response.json().error_description).toMatch(/^Content-Type must be/);
  });
});

test("nothing that a request holds is logged, whatever becomes of it", async () => {
  const { engine, post, logger } = testGateway();
  const secrets = { authorization: ["Basic SECRET-HEADER", "Basic SECRET-TOO"] };
  const send = async () => {
    for (const path of ["token", "introspect", "revocation"]) {
      const form = "client_secret=SECRET-FORM&id_token=SECRET-TOKEN&token=SECRET-TOKEN&revoke_all_subjects=SECRET";
      await post(form, secrets, `/connect/${path}?x=SECRET-QUERY`);
    }
    await post("grant_type=refresh_token&refresh_token=SECRET-TOKEN", secrets);
  };
  await send();
  engine.fail(new OAuthError("invalid_client", "Wrong."));
  await send();
  engine.fail(new Error("unforeseen"));
  await send();
  await post("client_secret=SECRET-FORM&client_secret=%SECRET-FORM", secrets);
  await post("x".repeat(70_000), secrets);
  expect(logger.text()).toContain("unforeseen");
  expect(logger.text()).not.toContain("SECRET");
});
