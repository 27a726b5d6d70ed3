import { expect, it } from "vitest";
import { forgetCeiling } from "../../src/engine/ceiling.ts";
import { JOBS } from "../../src/server/jobs.ts";
import { NO_TENANT } from "../../src/store/port.ts";
import { fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { CLIENT_ID, SECRET, testTenant } from "../support/tenant.ts";

const DAY = 86_400_000;
const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };

const sweep = ({ node }: TestContext) => node.jobs.find(({ name }) => name === JOBS.sweep)?.run();

const start = (store = createMemoryStore(), ahead = 0) => {
  const clock = fakeClock();
  clock.advance(ahead);
  return testContext(testTenant(), store, undefined, clock);
};

const mint = ({ engine }: TestContext, scopes: readonly string[]) =>
  engine.mint(credentials, { grantType: "arbitrary_identity", subject: "someone", scopes, accessTokenLifetime: 600 });

const isActive = async ({ engine }: TestContext, token: string | undefined) =>
  (await engine.introspect(credentials, { token })).active;

it("a clock that was ahead revives nothing that was revoked, though it had the revocations deleted", async () => {
  const store = createMemoryStore();
  const before = await start(store);
  const jwt = await mint(before, ["a"]);
  const grant = await mint(before, ["a", "offline_access"]);
  await before.engine.revoke(credentials, { token: jwt.accessToken });
  await before.engine.revoke(credentials, { token: "someone", tokenTypeHint: "subject" });

  await sweep(await start(store, 60 * DAY));
  await forgetCeiling(store, before.clock.now());

  const after = await start(store, before.clock.now() - fakeClock().now() + 1);
  for (const token of [jwt.accessToken, grant.accessToken, grant.refreshToken])
    expect(await isActive(after, token)).toBe(false);
  await expect(after.engine.refresh(credentials, { refreshToken: grant.refreshToken })).rejects.toThrow(
    "refresh_token",
  );
  const later = await mint(after, ["a", "offline_access"]);
  for (const token of [later.accessToken, later.refreshToken]) expect(await isActive(after, token)).toBe(true);
});

it("nothing is deleted by a moment of which nobody would know that it was told", async () => {
  const store = createMemoryStore();
  const context = await start(store);
  context.clock.advance(60 * DAY);
  await sweep(context);
  const ceiling = await store.forTenant(NO_TENANT).meta.read("latestMoment");
  expect(ceiling).toBeGreaterThanOrEqual(context.clock.now());
});
