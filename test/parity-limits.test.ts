import { afterAll, beforeAll, expect, it } from "vitest";
import { credentials, startBothDoors } from "./support/both-doors.ts";
import type { Door } from "./support/doors.ts";

let doors: readonly Door[];
let close: () => Promise<void>;

beforeAll(async () => {
  const opened = await startBothDoors(({ tenants }) => {
    // A day is longer than any test.
    Object.assign(tenants.default ?? {}, {
      rateLimits: { failed_authentication_per_client: "2/d", mint_per_client: "2/d" },
    });
  });
  ({ doors, close } = opened);
});
afterAll(() => close());

const mint = { ...credentials, grant_type: "arbitrary_identity", subject: "someone", scope: "a" };

it("a client's mints count for both doors together, and are refused in the same words", async () => {
  for (const door of doors) expect((await door.mint(mint)).error).toBeUndefined();
  for (const door of doors) {
    expect((await door.mint(mint)).error).toEqual({
      code: "temporarily_unavailable",
      description: "Too many mints: mint_per_client allows 2/d. Try again later.",
    });
  }
});

it("failed attempts count for both doors together, and whoever made them is refused in the same words", async () => {
  const wrong = { ...mint, client_secret: "wrong" };
  for (const door of doors) expect((await door.mint(wrong)).error?.code).toBe("invalid_client");
  for (const door of doors) {
    expect((await door.introspect({ ...credentials, token: "any" })).error).toEqual({
      code: "temporarily_unavailable",
      description:
        "Too many failed attempts to authenticate: failed_authentication_per_client allows 2/d. Try again later.",
    });
  }
});
