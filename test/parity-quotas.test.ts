import { afterAll, beforeAll, expect, it } from "vitest";
import { credentials, startBothDoors } from "./support/both-doors.ts";
import type { Door } from "./support/doors.ts";

let doors: readonly Door[];
let close: () => Promise<void>;

beforeAll(async () => {
  const opened = await startBothDoors(({ tenants }) => {
    const client = tenants.default?.clients?.[credentials.client_id];
    if (client === undefined) throw new Error("the development configuration has another client");
    Object.assign(client, { maxGrants: 2, maxReferenceTokens: 2, maxRevocations: 2 });
  });
  ({ doors, close } = opened);
});
afterAll(() => close());

const mint = { ...credentials, grant_type: "arbitrary_identity", subject: "someone", scope: "a" };

it.each([
  ["maxGrants", "grants", (door: Door) => door.mint({ ...mint, scope: "offline_access" })],
  ["maxReferenceTokens", "reference tokens", (door: Door) => door.mint({ ...mint, access_token_type: "reference" })],
  [
    "maxRevocations",
    "revocations",
    (door: Door) => door.revoke({ ...credentials, token: door.name, token_type_hint: "subject" }),
  ],
] as const)("%s holds for both doors together, and is refused in the same words", async (quota, what, call) => {
  for (const door of doors) expect((await call(door)).error).toBeUndefined();
  const other = quota === "maxRevocations" ? doors.map((door) => ({ ...door, name: `not ${door.name}` })) : doors;
  for (const door of other) {
    expect((await call(door)).error).toEqual({
      code: "access_denied",
      description: `This client has as many ${what} as it may: 2 (${quota}). Wait until some have ended.`,
    });
  }
});
