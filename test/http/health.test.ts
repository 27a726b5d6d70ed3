import { beforeEach, describe, expect, test } from "vitest";
import { createHttpServer } from "../../src/http/gateway.ts";
import { serveHealth } from "../../src/http/health.ts";
import { listenerOf, recordingLogger } from "../support/logger.ts";

let findings: { readonly name: string; readonly problem: string | undefined }[];
let asked = 0;
const app = createHttpServer({ listener: listenerOf(recordingLogger()) });
serveHealth(app, {
  results: async () => {
    asked += 1;
    return findings;
  },
});

beforeEach(() => {
  findings = [
    { name: "store", problem: undefined },
    { name: "clock", problem: undefined },
  ];
  asked = 0;
});

async function get(url: string) {
  const { statusCode, headers, body } = await app.inject(url);
  expect(headers).toMatchObject({ "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  return { status: statusCode, body };
}

describe("readiness", () => {
  test("is one word if all is well, and a line for each check if that is asked for", async () => {
    expect(await get("/readyz")).toEqual({ status: 200, body: "ok\n" });
    const body = "[+]store ok\n[+]clock ok\nreadyz check passed\n";
    for (const query of ["verbose", "verbose=", "verbose=1"])
      expect(await get(`/readyz?${query}`)).toEqual({ status: 200, body });
  });

  test.each(["/readyz", "/readyz?verbose"])("says what is wrong at %s", async (url) => {
    findings[1] = { name: "clock", problem: "It is off." };
    const body = "[+]store ok\n[-]clock failed: It is off.\nreadyz check failed\n";
    expect(await get(url)).toEqual({ status: 503, body });
  });
});

test("liveness asks nobody", async () => {
  findings[0] = { name: "store", problem: "It is away." };
  expect(await get("/livez")).toEqual({ status: 200, body: "ok\n" });
  expect(await get("/livez?verbose")).toEqual({ status: 200, body: "livez check passed\n" });
  expect(asked).toBe(0);
});

test.each(["/livez", "/readyz"])("%s answers HEAD, and takes no other method", async (url) => {
  expect(await app.inject({ method: "HEAD", url })).toMatchObject({ statusCode: 200, body: "" });
  const refused = await app.inject({ method: "POST", url });
  expect([refused.statusCode, refused.headers.allow]).toEqual([405, "GET, HEAD"]);
});
