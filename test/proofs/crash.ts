import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Answer, type Door, gatewayDoor } from "../support/doors.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { seededRandom } from "../support/random.ts";
import { caller, mintForm, writeConfig } from "./config.ts";

/** How many clients work at the same time. */
const CLIENTS = 8;

/** A restart takes far less, also on a machine that has much to do. In seconds. */
const GRACE = 60;

/** How many refresh tokens are told in a round before the process dies, at least and at most. */
const [FEWEST, MOST] = [35, 90];

/** A machine that cannot do that much in this time, in milliseconds, does not work at all. */
const LONGEST_ROUND = 120_000;

/** How often a crash that met no refresh under way is followed by another one. */
const MAX_EXTRA_ROUNDS = 20;

const CLIENT = "crash-client";

/** The types and scopes that are minted: what is kept of each is in other rows. */
const KINDS = [
  ["jwt", "offline_access"],
  ["reference", "offline_access"],
  ["reference", ""],
] as const;

/** What a client holds of one grant. */
interface Held {
  /** Undefined if it has none. */
  refreshToken: string | undefined;
  readonly accessTokens: string[];
  /** Whether a refresh has not been answered yet. */
  inFlight: boolean;
}

/** What was told to all clients together. */
interface Book {
  readonly grants: Held[];
  readonly refreshTokens: Set<string>;
}

/** What a proof did, for people to see that it did something. */
export interface CrashCounts {
  readonly crashes: number;
  readonly grants: number;
  readonly refreshTokens: number;
  /** Refreshes that a crash left without an answer. */
  readonly inFlight: number;
}

/**
 * Kills the process again and again while clients mint and refresh. Fails unless, each time that it is back, all that
 * the clients were told is good, and nothing was told twice.
 *
 * `store`: the URL of one that nodes share. Then another node works beside the one that dies, and is asked first.
 */
export async function crash(rounds: number, seed: string, store?: string): Promise<CrashCounts> {
  const folder = mkdtempSync(join(tmpdir(), "mintmark-crash-"));
  const random = seededRandom(seed);
  const below = (bound: number) => Buffer.from(random.bytes(4)).readUInt32BE() % bound;
  const book: Book = { grants: [], refreshTokens: new Set() };
  const env = {
    ...writeConfig(folder, { [CLIENT]: { refreshGrace: GRACE } }),
    ...(store && { MINTMARK_STORE: store }),
  };
  const start = () => startProcess(folder, env);
  const survivors: ServiceProcess[] = [];
  let victim: ServiceProcess | undefined;
  let inFlight = 0;
  let crashes = 0;
  try {
    if (store !== undefined) survivors.push(await start());
    victim = await start();
    for (; crashes < rounds || (inFlight === 0 && crashes < rounds + MAX_EXTRA_ROUNDS); crashes++) {
      await loadUntilDeath(victim, survivors, book, FEWEST + below(MOST - FEWEST), below);
      inFlight += book.grants.filter((grant) => grant.inFlight).length;
      for (const { publicUrl } of survivors) await audit(gatewayDoor(publicUrl), book);
      victim = await start();
      await audit(gatewayDoor(victim.publicUrl), book);
    }
  } finally {
    for (const service of [victim, ...survivors]) if (service !== undefined) await kill(service);
    rmSync(folder, { recursive: true });
  }
  return { crashes, grants: book.grants.length, refreshTokens: book.refreshTokens.size, inFlight };
}

/** Lets all clients work, each with one of the processes, until so many tokens are told and the victim is killed. */
async function loadUntilDeath(
  victim: ServiceProcess,
  survivors: readonly ServiceProcess[],
  book: Book,
  toTell: number,
  below: (bound: number) => number,
): Promise<void> {
  let killed = false;
  async function work(service: ServiceProcess): Promise<void> {
    const door = gatewayDoor(service.publicUrl);
    try {
      while (!killed) await useOneGrant(door, book, below);
    } catch (error) {
      if (!killed || service !== victim || error instanceof assert.AssertionError) throw error;
    }
  }
  const services = [victim, ...survivors];
  const clients = Array.from({ length: CLIENTS }, (_, index) => work(services[index % services.length] ?? victim));
  const working = Promise.all(clients);
  const enough = book.refreshTokens.size + toTell;
  const deadline = performance.now() + LONGEST_ROUND;
  while (book.refreshTokens.size < enough) {
    assert(performance.now() < deadline, "the clients get nothing done");
    await Promise.race([working, setTimeout(1 + below(10))]);
  }
  killed = true;
  await kill(victim);
  await working;
}

async function useOneGrant(door: Door, book: Book, below: (bound: number) => number): Promise<void> {
  const [type, scope] = KINDS[below(KINDS.length)] ?? KINDS[0];
  const grant = note(await door.mint(mintForm(CLIENT, type, scope)), book);
  for (let left = below(6); left > 0; left--) await refresh(door, grant, book);
}

async function refresh(door: Door, grant: Held, book: Book): Promise<void> {
  if (grant.refreshToken === undefined) return;
  grant.inFlight = true;
  note(await door.refresh({ ...caller(CLIENT), refresh_token: grant.refreshToken }), book, grant);
  grant.inFlight = false;
}

/** Writes down what a client was told. */
function note(answer: Answer, book: Book, known?: Held): Held {
  const { error, accessToken = "", refreshToken } = answer;
  assert.equal(error, undefined);
  if (refreshToken !== undefined) {
    assert(!book.refreshTokens.has(refreshToken), "a refresh token was given twice");
    book.refreshTokens.add(refreshToken);
  }
  if (known === undefined) {
    const grant = { refreshToken, accessTokens: [accessToken], inFlight: false };
    book.grants.push(grant);
    return grant;
  }
  known.refreshToken = refreshToken;
  known.accessTokens.push(accessToken);
  return known;
}

/** Finds all that was told still good. The refreshes that were in flight are tried again first, within the grace. */
async function audit(door: Door, book: Book): Promise<void> {
  await forAll(book.grants, async (grant) => {
    if (grant.inFlight) await refresh(door, grant, book);
  });
  const jtis = new Set<unknown>();
  await forAll(book.grants, async (grant) => {
    for (const token of grant.accessTokens) {
      const claims = await introspect(door, token);
      assert(!jtis.has(claims.jti), "two access tokens have one jti");
      jtis.add(claims.jti);
    }
    if (grant.refreshToken !== undefined) await introspect(door, grant.refreshToken);
    await refresh(door, grant, book);
  });
}

/** What is said of a token. Fails unless it is active. */
async function introspect(door: Door, token: string) {
  const { active, claims } = await door.introspect({ ...caller(CLIENT), token });
  assert.equal(active, true, "a token that was told is not good");
  return claims ?? {};
}

/** Does the work for every item, as many at a time as there are clients. */
async function forAll<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

async function kill({ child }: ServiceProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
