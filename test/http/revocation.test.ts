import { describe, expect, test } from "vitest";
import { testGateway } from "./support.ts";

const PATH = "/connect/revocation";

describe("a revocation", () => {
  test.each([
    [PATH, "default"],
    [`/acme${PATH}`, "acme"],
  ])("reaches the engine whole by %s", async (url, tenant) => {
    const { engine, post } = testGateway();
    const form = "token=s&token_type_hint=subject&revoke_all_subjects=true&client_id=c&client_secret=s&unknown=x";
    await post(form, {}, url);
    expect(engine.asked).toMatchObject([{ operation: "revoke", tenant }]);
    expect(engine.request).toEqual({ token: "s", tokenTypeHint: "subject", revokeAllSubjects: true });
    expect(engine.credentials).toEqual({ clientId: "c", clientSecret: "s" });
  });

  test("has nothing in it that was empty, not there, or in the query", async () => {
    const { engine, post } = testGateway();
    await post("token=&token_type_hint&revoke_all_subjects=", {}, `${PATH}?token=t&revoke_all_subjects=true`);
    expect(engine.asked).toHaveLength(1);
    expect(engine.request).toEqual({});
  });

  test("may say that it is not for all", async () => {
    const { engine, post } = testGateway();
    await post("token=t&revoke_all_subjects=false", {}, PATH);
    expect(engine.request).toEqual({ token: "t", revokeAllSubjects: false });
  });

  test.each(["1", "yes", "True", "true ", "on", "null"])("is refused if '%s' is to say for whom", async (text) => {
    const { engine, post } = testGateway();
    const response = await post(new URLSearchParams({ token: "t", revoke_all_subjects: text }).toString(), {}, PATH);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({
      error: "invalid_request",
      error_description: "revoke_all_subjects must be true or false.",
    });
    expect(engine.asked).toEqual([]);
  });

  test("is answered with JSON that says nothing, once it is done", async () => {
    const { engine, post } = testGateway();
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    engine.revocation = () => {
      asked.resolve();
      return promise;
    };
    let answered = false;
    const answer = post("token=t", {}, PATH).then((response) => {
      answered = true;
      return response;
    });
    await asked.promise;
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    resolve();
    const response = await answer;
    expect(response.statusCode).toBe(200);
    expect(response.body).toBe("{}");
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      pragma: "no-cache",
    });
  });
});
