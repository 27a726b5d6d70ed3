import { METHODS } from "node:http";
import { expect, test } from "vitest";
import { testGateway } from "./support.ts";

test("the root says in one line what this is, whoever the tenants are", async () => {
  const { app, engine } = testGateway();
  engine.forTenant = () => undefined;
  const { statusCode, headers, body } = await app.inject("/");
  expect(statusCode).toBe(200);
  expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
  expect(body).toMatch(/^This is mintmark, [^\n]+\n$/);
  expect(body).not.toMatch(/\d/);
});

test("the root answers HEAD without the body", async () => {
  const { statusCode, body } = await testGateway().app.inject({ method: "HEAD", url: "/" });
  expect([statusCode, body]).toEqual([200, ""]);
});

test("the root takes no other method", async () => {
  const { app } = testGateway();
  for (const method of METHODS.filter((name) => !["GET", "HEAD"].includes(name)) as "PUT"[]) {
    const { statusCode, headers } = await app.inject({ method, url: "/" });
    expect([statusCode, headers.allow]).toEqual([405, "GET, HEAD"]);
  }
});
