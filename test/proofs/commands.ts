import assert from "node:assert/strict";
import fc from "fast-check";
import type { Instant } from "../../src/base/clock.ts";
import { sweep } from "../../src/server/jobs.ts";
import { fakeMachine } from "../support/clock.ts";
import type { Grant, Model } from "./model.ts";
import {
  CLIENTS,
  compare,
  credentialsOf,
  engineOf,
  type Nodes,
  noteAccessToken,
  refusalCode,
  SUBJECTS,
} from "./nodes.ts";

/** Something that a client does, or that happens. After it, all tokens are looked at. */
class Step<Args> implements fc.AsyncCommand<Model, Nodes> {
  readonly #name: string;
  readonly #args: Args;
  readonly #run: Run<Args>;

  constructor(name: string, args: Args, run: Run<Args>) {
    this.#name = name;
    this.#args = args;
    this.#run = run;
  }

  check(model: Readonly<Model>): boolean {
    // Without a grant there is little to do.
    return this.#name === "mint" || model.grants.length > 0;
  }

  async run(model: Model, nodes: Nodes): Promise<void> {
    await this.#run(model, nodes, this.#args);
    await compare(model, nodes);
  }

  toString(): string {
    return `${this.#name}(${fc.stringify(this.#args)})`;
  }
}

type Run<Args> = (model: Model, nodes: Nodes, args: Args) => Promise<void>;

/** An arbitrary for one kind of step; its arguments by their names. */
function step<Args extends object>(
  name: string,
  args: { [K in keyof Args]: fc.Arbitrary<Args[K]> },
  run: Run<Args>,
): fc.Arbitrary<Step<Args>> {
  return fc.record(args).map((values) => new Step(name, values as Args, run));
}

/** Counts from the newest, so that what was told lately is used most. */
function pick<T>(list: readonly T[], back: number): T {
  const picked = list[list.length - 1 - (back % list.length)];
  assert(picked !== undefined);
  return picked;
}

const node = fc.nat(1);
const back = fc.oneof(fc.constant(0), fc.nat(10));
const client = fc.constantFrom(...CLIENTS);
const subject = fc.constantFrom(...SUBJECTS);
const hint = fc.constantFrom(undefined, "access_token", "refresh_token", "nonsense");
const seldom = fc.integer({ min: 0, max: 7 }).map((n) => n === 0);

const mint = step(
  "mint",
  {
    node,
    client: fc.constantFrom("one", "one", "sibling", "stranger"),
    subject,
    type: fc.constantFrom("jwt", "reference"),
    lifetime: fc.constantFrom(undefined, 20),
    offline: fc.constantFrom(true, true, true, false),
  },
  async (model, nodes, { node, client, subject, type, lifetime, offline }) => {
    const now = nodes.clock.now();
    const tokens = await engineOf(nodes, node).mint(credentialsOf(client), {
      grantType: "arbitrary_no_subject",
      arbitraryClaims: subject === undefined ? {} : { sub: subject },
      scopes: offline ? ["a", "b", "offline_access"] : ["a"],
      accessTokenType: type,
      accessTokenLifetime: lifetime,
    });
    assert.equal(tokens.refreshToken !== undefined, offline);
    const expiresAt = model.expiryOf(now, now);
    const owner = { client, subject };
    if (tokens.refreshToken === undefined) return noteAccessToken(model, nodes, tokens, owner);
    const refreshTokens = [tokens.refreshToken];
    const grant = { ...owner, mintedAt: now, rotatedAt: now, expiresAt, refreshTokens, ended: false };
    model.grants.push(grant);
    noteAccessToken(model, nodes, tokens, grant);
  },
);

/** Presented so long after the last moment at which it would be taken, in milliseconds; undefined: now. */
const atTheEdge = (weight: number) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight, arbitrary: fc.constantFrom(-1, -1, 0) });

/** The grants that live and have a refresh token of that age, or at least live; all if there are none. */
function fitting(model: Model, age: number, now: Instant): readonly Grant[] {
  const living = model.grants.filter((grant) => model.isCurrent(grant, grant.refreshTokens.length - 1, now));
  const aged = living.filter(({ refreshTokens }) => refreshTokens.length > age);
  return [aged, living].find((list) => list.length > 0) ?? model.grants;
}

/** `age`: how many generations the refresh token that is presented is behind the newest. */
const refresh = (name: string, age: fc.Arbitrary<number>, when = atTheEdge(1)) =>
  step(
    name,
    { node, back, age, when, narrow: seldom, thief: seldom, forged: seldom },
    async (model, nodes, { node, back, age, when, narrow, thief, forged }) => {
      const grant = pick(fitting(model, age, nodes.clock.now()), back);
      const generation = Math.max(0, grant.refreshTokens.length - 1 - age);
      if (when !== undefined) {
        const deadline = age === 0 ? grant.expiresAt : grant.rotatedAt + model.rules.grace;
        nodes.clock.advance(Math.max(0, deadline + when - nodes.clock.now()));
      }
      const refreshToken = forged
        ? `${grant.refreshTokens[generation]?.slice(0, -4)}AAAA`
        : grant.refreshTokens[generation];
      const caller = thief ? (CLIENTS.find((id) => id !== grant.client) ?? "") : grant.client;
      const answer = engineOf(nodes, node).refresh(credentialsOf(caller), {
        refreshToken,
        scopes: narrow ? ["a"] : undefined,
      });

      const expected = thief || forged ? "refused" : model.refresh(grant, generation, nodes.clock.now());
      if (expected === "refused") return assert.equal(await refusalCode(answer), "invalid_grant");
      const tokens = await answer;
      assert.deepEqual(tokens.scopes, narrow ? ["a"] : ["a", "b", "offline_access"]);
      const newest = grant.refreshTokens.at(-1);
      assert.equal(tokens.refreshToken === newest, expected === "same");
      if (expected === "next") grant.refreshTokens.push(tokens.refreshToken ?? "");
      noteAccessToken(model, nodes, tokens, grant);
    },
  );

const revokeAccessToken = step(
  "revokeAccessToken",
  { node, back, hint, all: seldom, thief: seldom },
  async (model, nodes, { node, back, hint, all, thief }) => {
    const token = pick(model.accessTokens, back);
    const caller = thief ? (CLIENTS.find((id) => id !== token.client) ?? "") : token.client;
    const wasAlive = model.isAlive(token, nodes.clock.now());
    await engineOf(nodes, node).revoke(credentialsOf(caller), {
      token: token.text,
      tokenTypeHint: hint,
      revokeAllSubjects: all,
    });
    if (thief || token.forgotten) return;
    token.ended = true;
    if (token.grant !== undefined) token.grant.ended = true;
    if (all && wasAlive) model.endSubject(token.subject, caller, true);
  },
);

const revokeRefreshToken = step(
  "revokeRefreshToken",
  { node, back, age: fc.nat(2), hint, all: seldom, thief: seldom },
  async (model, nodes, { node, back, age, hint, all, thief }) => {
    const grant = pick(model.grants, back);
    const generation = Math.max(0, grant.refreshTokens.length - 1 - age);
    const caller = thief ? (CLIENTS.find((id) => id !== grant.client) ?? "") : grant.client;
    const wasCurrent = model.isCurrent(grant, generation, nodes.clock.now());
    await engineOf(nodes, node).revoke(credentialsOf(caller), {
      token: grant.refreshTokens[generation],
      tokenTypeHint: hint,
      revokeAllSubjects: all,
    });
    if (thief) return;
    grant.ended = true;
    if (all && wasCurrent) model.endSubject(grant.subject, caller, true);
  },
);

const revokeSubject = step(
  "revokeSubject",
  { node, client, subject: fc.constantFrom("alice", "bob"), all: fc.boolean() },
  async (model, nodes, { node, client, subject, all }) => {
    await engineOf(nodes, node).revoke(credentialsOf(client), {
      token: subject,
      tokenTypeHint: "subject",
      revokeAllSubjects: all,
    });
    model.endSubject(subject, client, all);
  },
);

/** A refresh and a revocation of the grant at once: whichever comes first, all that is told is dead in the end. */
const race = step("race", { node, back }, async (model, nodes, { node, back }) => {
  const grant = pick(model.grants, back);
  const refreshToken = grant.refreshTokens.at(-1);
  const credentials = credentialsOf(grant.client);
  const [refreshed] = await Promise.allSettled([
    engineOf(nodes, node).refresh(credentials, { refreshToken }),
    engineOf(nodes, node + 1).revoke(credentials, { token: refreshToken }),
  ]);
  grant.ended = true;
  if (refreshed.status === "fulfilled") noteAccessToken(model, nodes, refreshed.value, grant);
});

const wait = step(
  "wait",
  { milliseconds: fc.constantFrom(1, 1, 999, 999, 3_000, 3_000, 9_000, 25_000, 250_000) },
  async (_, nodes, { milliseconds }) => nodes.clock.advance(milliseconds),
);

const sweeping = step("sweep", { node }, async (model, nodes) => {
  await sweep({ ...nodes, machine: fakeMachine() });
  for (const token of model.accessTokens) {
    // A JWT tells by itself what it was.
    if (!token.text.includes(".") && token.expiresAt < nodes.clock.now()) token.forgotten = true;
  }
});

const newest = refresh("refresh", fc.constant(0));
const retry = refresh("retry", fc.constant(1), atTheEdge(6));

/** Sequences of what clients do and what happens to them; what is named twice is twice as likely. */
export function stepsArbitrary(maxCommands: number, replayPath?: string) {
  return fc.commands(
    [
      mint,
      mint,
      mint,
      mint,
      newest,
      newest,
      newest,
      newest,
      newest,
      retry,
      retry,
      refresh("replay", fc.integer({ min: 2, max: 4 })),
      revokeAccessToken,
      revokeRefreshToken,
      revokeSubject,
      race,
      wait,
      wait,
      sweeping,
    ],
    { maxCommands, size: "max", ...(replayPath !== undefined && { replayPath }) },
  );
}
