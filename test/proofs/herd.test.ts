import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Door, gatewayDoor, rpcDoor } from "../support/doors.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { caller, mintForm, writeConfig } from "./config.ts";

let folder: string;
let service: TestService;
let doors: readonly [Door, Door & { close(): void }];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-herd-"));
  service = await startTestService(writeConfig(folder, { strict: { refreshGrace: 0 }, lenient: { refreshGrace: 10 } }));
  doors = [gatewayDoor(`http://127.0.0.1:${service.httpPort}`), rpcDoor(service.rpcPort)];
});
afterAll(async () => {
  doors[1].close();
  await service.close();
  rmSync(folder, { recursive: true });
});

/** 64 refreshes of one token at once, every other through the other door. */
function stampede(id: string, refreshToken = ""): Promise<readonly Answer[]> {
  const calls = Array.from({ length: 64 }, (_, index) =>
    doors[index % 2 === 0 ? 0 : 1].refresh({ ...caller(id), refresh_token: refreshToken }),
  );
  return Promise.all(calls);
}

async function isActive(id: string, token = ""): Promise<boolean> {
  const answers = await Promise.all(doors.map((door) => door.introspect({ ...caller(id), token })));
  const [one, other] = answers.map(({ active }) => active);
  expect(one).toBe(other);
  return one === true;
}

const texts = (answers: readonly Answer[], member: "accessToken" | "refreshToken") =>
  new Set(answers.map((answer) => answer[member]));

describe.each(["jwt", "reference"])("64 refreshes of one token at once (%s)", (type) => {
  it("with a grace all get the same next one, and each an access token of its own that is good", async () => {
    const first = await doors[0].mint(mintForm("lenient", type));
    const answers = await stampede("lenient", first.refreshToken);
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(texts(answers, "refreshToken").size).toBe(1);
    const accessTokens = texts(answers, "accessToken");
    expect(accessTokens.size).toBe(64);
    for (const token of accessTokens) expect(await isActive("lenient", token)).toBe(true);
    const [next] = answers;
    expect(next?.refreshToken).not.toBe(first.refreshToken);
    expect(await isActive("lenient", next?.refreshToken)).toBe(true);
    const [later] = await stampede("lenient", next?.refreshToken);
    expect(await isActive("lenient", later?.refreshToken)).toBe(true);
  });

  it("without a grace at most one wins; the others are reuse, so that the grant is dead", async () => {
    const first = await doors[0].mint(mintForm("strict", type));
    const answers = await stampede("strict", first.refreshToken);
    const winners = answers.filter(({ error }) => error === undefined);
    expect(winners.length).toBeLessThanOrEqual(1);
    const losers = answers.filter(({ error }) => error !== undefined);
    expect(new Set(losers.map(({ error }) => error?.code))).toEqual(new Set(["invalid_grant"]));
    for (const { accessToken, refreshToken } of [first, ...winners]) {
      expect(await isActive("strict", accessToken)).toBe(false);
      expect(await isActive("strict", refreshToken)).toBe(false);
      const refused = await doors[0].refresh({ ...caller("strict"), refresh_token: refreshToken ?? "" });
      expect(refused.error?.code).toBe("invalid_grant");
    }
  });
});
