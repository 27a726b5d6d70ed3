import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { caller, mintForm } from "../proofs/config.ts";
import type { Answer, Door, Refusal } from "../support/doors.ts";

/** What clients do that needs the store, in turns. */
const STORED = [
  ...(["mint", "introspect", "refresh"] as const),
  ...(["mint", "revoke", "introspect"] as const),
  ...(["mint", "revoke subject", "refresh"] as const),
];
export type Operation = (typeof STORED)[number] | "plain mint";

/** All of them, each once. */
export const operations: readonly Operation[] = [...new Set<Operation>(["plain mint", ...STORED])];

/** How an operation ended. */
interface Ended {
  readonly operation: Operation;
  /** By `performance.now()`. */
  readonly at: number;
  /** In milliseconds. */
  readonly duration: number;
  /** Whether the client was told to try again later. */
  readonly unavailable: boolean;
}

/** What a client holds of one grant, which has a subject of its own. */
interface Held {
  readonly subject: string;
  readonly accessTokens: string[];
  refreshToken: string;
  /** Whether the last refresh was not answered. */
  lost: boolean;
  /** Whether it was told that the grant is revoked; undefined if it tried and was not told. */
  revoked: boolean | undefined;
}

/** Clients that use a node without a pause, and write down what they are told. */
export interface Load {
  /** The operations that ended after a moment. */
  since(moment: number): readonly Ended[];
  /** Waits until all operations are done again and none is refused; fails after so many milliseconds. */
  untilWell(busyTimeout: number): Promise<void>;
  /** Lets the clients end what they do. Fails if one was told anything wrong. */
  stop(): Promise<void>;
  /** Fails unless all doors say of every token what its client was told. The clients try again first. */
  audit(doors: readonly Door[]): Promise<void>;
}

/** How many clients do what needs the store, and how many do what does not. */
const [CLIENTS, PLAIN_CLIENTS] = [8, 2];

/** Between two operations of a client, in milliseconds. */
const PAUSE = 30;

/** For how long all must go well before it counts, in milliseconds. */
const WELL = 300;

/** `id`: as whom all of them are registered. */
export function startLoad(doors: readonly Door[], id: string): Load {
  const credentials = caller(id);
  const ended: Ended[] = [];
  const book: Held[] = [];
  let stopped = false;
  let turns = 0;

  /** Resolves to the answer, or to undefined if the client was told to try again later. */
  async function operate<T extends { error?: Refusal }>(operation: Operation, call: Promise<T>) {
    const started = performance.now();
    const answer = await call;
    const at = performance.now();
    const unavailable = answer.error?.code === "temporarily_unavailable";
    ended.push({ operation, at, duration: at - started, unavailable });
    if (!unavailable) assert.equal(answer.error, undefined, operation);
    if (!stopped) await delay(PAUSE);
    return unavailable ? undefined : answer;
  }

  async function mint(door: Door, type: string): Promise<Held | undefined> {
    const subject = `subject ${ended.length} ${Math.random()}`;
    const answer = await operate("mint", door.mint({ ...mintForm(id, type), subject }));
    if (answer === undefined) return undefined;
    const held: Held = { subject, accessTokens: [], refreshToken: "", lost: false, revoked: false };
    note(held, answer);
    book.push(held);
    return held;
  }

  async function refresh(door: Door, held: Held): Promise<void> {
    const answer = await operate("refresh", door.refresh({ ...credentials, refresh_token: held.refreshToken }));
    held.lost = answer === undefined;
    if (answer !== undefined) note(held, answer);
  }

  async function introspect(door: Door, held: Held, token = held.accessTokens.at(-1) ?? ""): Promise<void> {
    const answer = await operate("introspect", door.introspect({ ...credentials, token }));
    if (answer !== undefined && held.revoked !== undefined) assert.equal(answer.active, !held.revoked);
  }

  async function revoke(door: Door, held: Held, operation: "revoke" | "revoke subject"): Promise<void> {
    const bySubject = { token: held.subject, token_type_hint: "subject" };
    const what = operation === "revoke" ? { token: held.refreshToken } : bySubject;
    held.revoked = undefined;
    const answer = await operate(operation, door.revoke({ ...credentials, ...what }));
    if (answer !== undefined) held.revoked = true;
  }

  /** Takes one turn after the other, each with the newest grant that is not revoked, or the newest; every other client refreshes. */
  async function work(index: number): Promise<void> {
    const own: Held[] = [];
    while (!stopped) {
      // For once the store is back, it may be tried again for as long as the grace: nothing else is done before.
      const lost = own.find((each) => each.lost);
      if (lost !== undefined) await refresh(doorAt(doors, index), lost);
      else await takeTurn(own, index % 2 === 0);
    }
  }

  async function takeTurn(own: Held[], refreshes: boolean): Promise<void> {
    const turn = turns;
    turns += 1;
    const door = doorAt(doors, turn);
    const operation = STORED[turn % STORED.length];
    // A grant can be revoked again: a client whose grants are all revoked must not only mint while the store is away.
    const held = own.findLast(({ revoked }) => revoked === false) ?? own.at(-1);
    if (operation === "mint" || held === undefined) {
      const minted = await mint(door, turn % 4 < 2 ? "jwt" : "reference");
      if (minted !== undefined) own.push(minted);
    } else if (operation === "refresh" && refreshes && held.revoked === false) await refresh(door, held);
    else if (operation === "revoke" || operation === "revoke subject") await revoke(door, held, operation);
    else await introspect(door, own[turn % own.length] ?? held);
  }

  async function mintPlain(index: number): Promise<void> {
    for (let turn = index; !stopped; turn++) {
      await operate("plain mint", doorAt(doors, turn).mint(mintForm(id, "jwt", "")));
    }
  }

  const working = Promise.all([
    ...Array.from({ length: CLIENTS }, (_, index) => work(index)),
    ...Array.from({ length: PLAIN_CLIENTS }, (_, index) => mintPlain(index)),
  ]);
  // Who waits for something else must not miss that a client was told something wrong.
  working.catch(() => {});
  const since = (moment: number) => ended.filter(({ at }) => at >= moment);

  function isWell(moment: number): boolean {
    const trouble = Math.max(moment, ended.findLast(({ unavailable }) => unavailable)?.at ?? 0);
    const done = new Set(since(trouble).map((each) => !each.unavailable && each.operation));
    return performance.now() > trouble + WELL && operations.every((operation) => done.has(operation));
  }

  async function untilWell(busyTimeout: number): Promise<void> {
    const start = performance.now();
    while (!isWell(start)) {
      assert(performance.now() < start + busyTimeout + WELL, "the node does not work again by itself");
      await Promise.race([working, delay(20)]);
    }
  }

  async function auditOne(witnesses: readonly Door[], held: Held): Promise<void> {
    const door = doorAt(doors, 0);
    if (held.revoked === false) await refresh(door, held);
    else if (held.revoked === undefined) await revoke(door, held, "revoke");
    for (const token of [...held.accessTokens, held.refreshToken]) {
      for (const witness of witnesses) await introspect(witness, held, token);
    }
  }

  return {
    since,
    untilWell,
    async stop() {
      stopped = true;
      await working;
    },
    async audit(witnesses) {
      const start = performance.now();
      const left = book.values();
      const auditor = async () => {
        for (const held of left) await auditOne(witnesses, held);
      };
      await Promise.all(Array.from({ length: CLIENTS }, auditor));
      assert.deepEqual(new Set(since(start).map(({ unavailable }) => unavailable)), new Set([false]));
    },
  };
}

function note(held: Held, { accessToken = "", refreshToken = "" }: Answer): void {
  assert(accessToken !== "" && refreshToken !== "");
  held.accessTokens.push(accessToken);
  held.refreshToken = refreshToken;
}

function doorAt(doors: readonly Door[], index: number): Door {
  const door = doors[index % doors.length];
  assert(door !== undefined);
  return door;
}
