import { expect, it } from "vitest";
import { crash } from "./crash.ts";

it("a process that is killed under load has kept all that it told, and tells nothing twice", {
  timeout: 300_000,
}, async () => {
  const { refreshTokens, inFlight } = await crash(1, String(Math.random()));
  expect(refreshTokens).toBeGreaterThan(30);
  expect(inFlight).toBeGreaterThan(0);
});
