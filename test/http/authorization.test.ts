import { METHODS } from "node:http";
import { expect, test } from "vitest";
import { FORM, testGateway } from "./support.ts";

const REFUSAL = {
  error: "unsupported_response_type",
  error_description: "There is no login here, and no response_type is supported: request tokens at the token endpoint.",
};

const QUERY = "response_type=code&client_id=c&state=SECRET&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback";

test.each(["/connect/authorize", "/acme/connect/authorize"])("there is no login at %s, and no way on", async (path) => {
  const { app, engine, logger } = testGateway();
  const answers = [
    await app.inject(path),
    await app.inject(`${path}?${QUERY}`),
    await app.inject(`${path}?response_type=none`),
    await app.inject({ method: "POST", url: path, headers: FORM, payload: QUERY }),
    await app.inject({ method: "POST", url: path, headers: { "content-type": "text/plain" }, payload: "x" }),
    await app.inject({ method: "POST", url: path, headers: FORM, payload: "x".repeat(100_000) }),
  ];
  for (const { statusCode, headers, json, body } of answers) {
    expect(statusCode).toBe(400);
    expect(json()).toEqual(REFUSAL);
    expect(body).not.toContain("SECRET");
    expect(headers).toMatchObject({ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
    expect(headers.location).toBeUndefined();
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
  expect(engine.asked).toEqual([]);
  const told = { level: "info", fields: { event: "refused", code: "unsupported_response_type" } };
  expect(logger.lines).toMatchObject(answers.map(() => told));
  expect(logger.text()).not.toContain("SECRET");
});

test("it takes no other method", async () => {
  const { app } = testGateway();
  for (const method of METHODS.filter((name) => !["GET", "POST"].includes(name)) as "PUT"[]) {
    const { statusCode, headers } = await app.inject({ method, url: "/connect/authorize" });
    expect([statusCode, headers.allow]).toEqual([405, "GET, POST"]);
  }
});

test("an unknown tenant has none", async () => {
  expect((await testGateway().app.inject("/unknown/connect/authorize")).statusCode).toBe(404);
});
