import assert from "node:assert/strict";
import type { Answer, Door } from "../support/doors.ts";
import { caller, mintForm } from "./config.ts";

/** How many callers present one token at once. */
const HERD = 64;

/** The ids of clients with a grace of 0 and of 10 seconds, as the proofs below need them registered. */
export const herdClients = { strict: { refreshGrace: 0 }, lenient: { refreshGrace: 10 } } as const;

/** With a grace all get the same next refresh token, and each an access token of its own; all of it is good. */
export async function proveConvergence(doors: readonly Door[], accessTokenType: string): Promise<void> {
  const first = await doorAt(doors, 0).mint(mintForm("lenient", accessTokenType));
  const answers = await stampede(doors, "lenient", first.refreshToken);
  assert.deepEqual(codes(answers), new Set([undefined]));
  assert.equal(texts(answers, "refreshToken").size, 1, "the callers were given different refresh tokens");
  const accessTokens = texts(answers, "accessToken");
  assert.equal(accessTokens.size, HERD);
  const said = await Promise.all(Array.from(accessTokens, (token) => isActive(doors, "lenient", token)));
  assert.deepEqual(new Set(said), new Set([true]));
  const [next] = answers;
  assert.notEqual(next?.refreshToken, first.refreshToken);
  assert.equal(await isActive(doors, "lenient", next?.refreshToken), true);
  const [later] = await stampede(doors, "lenient", next?.refreshToken);
  assert.equal(await isActive(doors, "lenient", later?.refreshToken), true);
}

/** Without a grace at most one wins; the others are reuse, so that the grant is dead. */
export async function proveOneWinner(doors: readonly Door[], accessTokenType: string): Promise<void> {
  const first = await doorAt(doors, 0).mint(mintForm("strict", accessTokenType));
  const answers = await stampede(doors, "strict", first.refreshToken);
  const winners = answers.filter(({ error }) => error === undefined);
  assert(winners.length <= 1, `${winners.length} callers won`);
  assert.deepEqual(codes(answers.filter((answer) => !winners.includes(answer))), new Set(["invalid_grant"]));
  for (const { accessToken, refreshToken } of [first, ...winners]) {
    assert.equal(await isActive(doors, "strict", accessToken), false);
    assert.equal(await isActive(doors, "strict", refreshToken), false);
    for (const door of doors) {
      const refused = await door.refresh({ ...caller("strict"), refresh_token: refreshToken ?? "" });
      assert.equal(refused.error?.code, "invalid_grant");
    }
  }
}

/** Refreshes of one token at once, spread over all doors. */
function stampede(doors: readonly Door[], id: string, refreshToken = ""): Promise<readonly Answer[]> {
  const calls = Array.from({ length: HERD }, (_, index) =>
    doorAt(doors, index).refresh({ ...caller(id), refresh_token: refreshToken }),
  );
  return Promise.all(calls);
}

/** Whether a token is active. Fails unless all doors say the same. */
async function isActive(doors: readonly Door[], id: string, token = ""): Promise<boolean | undefined> {
  const answers = await Promise.all(doors.map((door) => door.introspect({ ...caller(id), token })));
  assert.deepEqual(codes(answers), new Set([undefined]));
  const said = new Set(answers.map(({ active }) => active));
  assert.equal(said.size, 1, "the doors contradict each other");
  return said.values().next().value;
}

function doorAt(doors: readonly Door[], index: number): Door {
  const door = doors[index % doors.length];
  assert(door !== undefined);
  return door;
}

const codes = (answers: readonly Pick<Answer, "error">[]) => new Set(answers.map(({ error }) => error?.code));

const texts = (answers: readonly Answer[], member: "accessToken" | "refreshToken") =>
  new Set(answers.map((answer) => answer[member]));
