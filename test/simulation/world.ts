import type { Instant } from "../../src/base/clock.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import { RateLimitedError } from "../../src/engine/rate-limited.ts";
import { asserted } from "../support/assertions.ts";
import { createSimulatedStore } from "../support/simulated-store.ts";
import { type Call, currentCall, type OperationName, type Operations, type Outcome } from "./calls.ts";
import { type ClockKind, Clocks } from "./clocks.ts";
import { FAULTS, type Fault, Faults } from "./faults.ts";
import { type Held, shownBy } from "./keys.ts";
import { LimitsOracle } from "./limits.ts";
import { type Done, Incarnation, type Surroundings } from "./node.ts";
import { Oracle } from "./oracle.ts";
import { Prng } from "./prng.ts";
import { Records } from "./records.ts";
import { REGISTERED_CLIENT } from "./registered-clients.ts";
import { LeftoversOracle } from "./registered-tenants.ts";
import { RegistrationsOracle } from "./registrations.ts";
import { RowBounds } from "./row-bounds.ts";
import { Scheduler } from "./scheduler.ts";
import { DECISIVE_WRITES } from "./store-operations.ts";
import { credentialsOf, FIRST_VARIANT, LIMITED_CLIENT, OPERATOR, REGISTERED_TENANT, type Variant } from "./tenants.ts";
import { WorkersClock } from "./workers-clock.ts";

/** What a run is made of. */
export interface Options {
  readonly nodes: number;
  readonly actors: number;
  /** Of simulated time. */
  readonly minutes: number;
  readonly faults: ReadonlySet<Fault>;
  /**
   * Whose clocks there are: of each node and of the database, as with MongoDB; or one, of the machine that they share, as
   * with SQLite.
   */
  readonly clocks: ClockKind;
  /** Whether there are limits, and callers who exceed them. */
  readonly limits: boolean;
}

/** The sizes that a seed has by itself. */
export function optionsOf(seed: string): Options {
  const random = new Prng(seed).fork("options");
  const sizes = {
    nodes: random.int(2, 5),
    actors: random.int(4, 8),
    minutes: random.int(5, 8),
    faults: new Set(FAULTS),
  };
  const options = { ...sizes, limits: false };
  if (random.chance(0.75)) return { ...options, clocks: "many" };
  const nodes = random.int(1, 3);
  return { ...options, clocks: nodes > 1 && random.chance(0.7) ? "workers" : "one", nodes };
}

/** Those of the shorter run, with limits, that a seed has besides. */
export function limitedOptionsOf(seed: string): Options {
  const random = new Prng(seed).fork("limited options");
  const clocks = random.chance(0.75) ? "many" : "one";
  return { nodes: random.int(1, 3), actors: 1, minutes: 3, faults: new Set(FAULTS), clocks, limits: true };
}

/** Who calls, and what the call says of that. */
interface PresentedBy {
  readonly tenant: string;
  readonly client: string;
  /** Absent: the right one. */
  readonly secret?: string;
  readonly address?: string;
  readonly assertion?: string;
  /** What it shows that it holds; absent: nothing. */
  readonly held?: Held;
  /** Without any secret. */
  readonly isPublic?: boolean;
}

/** How many of the last lines of a run are kept. */
const KEPT_LINES = 4000;

/** All that there is in one run. */
export class World implements Surroundings {
  readonly random: Prng;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly store = createSimulatedStore();
  readonly records: Records;
  readonly oracle: Oracle;
  readonly limits = new LimitsOracle();
  readonly registrations: RegistrationsOracle;
  readonly registeredTenants: RegistrationsOracle;
  readonly leftovers: LeftoversOracle;
  readonly nodes: Incarnation[] = [];
  /** How calls ended, by `operation answer`. */
  readonly answers = new Map<string, number>();
  readonly #lines: { readonly at: Instant; readonly text: () => string }[] = [];
  /** The configuration that a node gets when it starts. */
  variant: Variant = FIRST_VARIANT;
  readonly rowBounds = new RowBounds();
  readonly clocks: Clocks;
  readonly workers: WorkersClock | undefined;
  #calls = 0;
  #runs = 0;

  constructor(seed: string, options: Options) {
    this.random = new Prng(seed);
    this.scheduler = new Scheduler(this.random.fork("scheduler"));
    this.faults = new Faults(this.random.fork("faults"), options.faults);
    this.clocks = new Clocks(options.clocks);
    if (options.clocks === "workers")
      this.workers = new WorkersClock(this.scheduler, this.clocks, this.random.fork("workers"));
    if (options.limits) this.variant = { ...FIRST_VARIANT, limits: true };
    this.records = new Records(this.scheduler);
    this.oracle = new Oracle(this.records, this.clocks);
    this.registrations = new RegistrationsOracle(this.clocks, "client", REGISTERED_CLIENT);
    this.registeredTenants = new RegistrationsOracle(this.clocks, "tenant", REGISTERED_TENANT);
    this.leftovers = new LeftoversOracle(this.clocks.off);
  }

  applied(done: Done): void {
    this.records.note(done);
    this.rowBounds.note(done);
    for (const oracle of [this.registrations, this.registeredTenants, this.leftovers])
      oracle.note(done, this.scheduler.now);
    const { name, args } = done.operation;
    if (DECISIVE_WRITES.has(name)) {
      const by = done.call === undefined ? "" : ` for #${done.call.id}`;
      this.log(() => `store ${name}(${args.map(brief).join(", ")}) = ${brief(done.result)}${by}`);
    }
  }

  /** Notes what happened; in words only once somebody wants to read them. */
  log = (text: () => string): void => {
    this.#lines.push({ at: this.scheduler.now, text });
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  };

  /** Tells what has happened up to now, the latest at the end. */
  lines(): () => readonly string[] {
    const noted = [...this.#lines];
    return () => noted.map(({ at, text }) => `${((at - START) / 1000).toFixed(3).padStart(8)} ${text()}`);
  }

  /** A new run of a node, which is not started yet. */
  newNode(index: number): Incarnation {
    this.#runs += 1;
    const name = `node ${index} run ${this.#runs}`;
    const node = new Incarnation(name, index, this.variant, this, this.random.fork(name));
    this.nodes[index] = node;
    return node;
  }

  /** A node that serves; undefined if there is none. */
  anyNode(random: Prng): Incarnation | undefined {
    const ready = this.nodes.filter((node) => node.ready);
    return ready.length > 0 ? random.pick(ready) : undefined;
  }

  /** Calls a node and lets the oracle see what comes of it. */
  async call<K extends OperationName>(
    node: Incarnation,
    operation: K,
    caller: PresentedBy,
    request: Operations[K]["request"],
    flaw?: Call["flaw"],
  ): Promise<Call<K>> {
    this.#calls += 1;
    const { tenant, client, secret, address, assertion, held = {}, isPublic = false } = caller;
    const call = {
      id: this.#calls,
      operation,
      tenant,
      client,
      request,
      flaw,
      assertion,
      held,
      isPublic,
      node,
      start: this.scheduler.now,
      off: this.clocks.off,
      polledAt: node.polledAt(tenant),
      registryReadAt: node.registryReadAt,
      unheard: false,
      end: Number.POSITIVE_INFINITY,
      outcome: undefined,
    } as Call<K>;
    this.log(() => `#${call.id} ${node.name} ${tenant}/${client} ${operation} ${brief(request)}`);
    this.oracle.begin(call as unknown as Call);
    const isLimited = client === LIMITED_CLIENT || address !== undefined;
    const presented = { address, isRight: secret === undefined };
    const limited = isLimited ? this.limits.begin(call as unknown as Call, presented) : undefined;
    const credentials =
      operation === "rotate" || operation === "revokeClient"
        ? OPERATOR
        : assertion !== undefined
          ? asserted(assertion)
          : isPublic
            ? { clientId: client }
            : {
                ...credentialsOf(client),
                ...(secret !== undefined && { clientSecret: secret }),
                remoteAddress: address,
              };
    const lost: Outcome<never> = { kind: "lost" };
    const outcome = await Promise.race([
      node.crashed.then(() => lost),
      currentCall.run(call as unknown as Call, () => {
        void this.#noteOpening(call);
        return outcomeOf(() => perform(node, call, { ...credentials, ...shownBy(held) }));
      }),
    ]);
    call.end = this.scheduler.now;
    call.unheard = node.lastFailure >= call.start;
    call.outcome = this.faults.happens("answer lost", 0.01) ? lost : (outcome as Outcome<Operations[K]["answer"]>);
    const told = answerOf(call.outcome);
    const state = operation === "introspect" && call.outcome.kind === "done" ? activity(call.outcome.answer) : "";
    this.answers.set(`${operation} ${told}${state}`, (this.answers.get(`${operation} ${told}${state}`) ?? 0) + 1);
    const { outcome: ended } = call;
    this.log(() => `#${call.id} ${told}${state} ${brief(ended.kind === "done" ? ended.answer : ended)}`);
    this.oracle.end(call as unknown as Call);
    if (limited !== undefined) this.limits.end(limited);
    this.rowBounds.check();
    return call;
  }

  /** A call that has its tenant opened reads the clock only then: before it looks anything up. */
  async #noteOpening(call: Call<OperationName>): Promise<void> {
    const tenant = call.node.tenant(call.tenant);
    if (tenant === undefined || tenant.parts !== undefined) return;
    await tenant.open().then(
      () => {
        call.start = this.scheduler.now;
      },
      () => undefined,
    );
  }
}

const START: Instant = new Scheduler(new Prng("")).now;

function answerOf(outcome: Outcome<unknown>): string {
  if (outcome.kind !== "refused") return outcome.kind;
  return outcome.usedUp === undefined ? outcome.code : `refused by ${outcome.usedUp[0]?.limit}`;
}

function activity(answer: object | undefined): string {
  return answer !== undefined && "active" in answer && answer.active ? " active" : " inactive";
}

async function outcomeOf<T>(run: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: "done", answer: await run() };
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const usedUp = error instanceof RateLimitedError ? error.quotas.filter(({ left }) => left === 0) : undefined;
    return { kind: "refused", code: error.code, message: error.message, ...(usedUp && { usedUp }) };
  }
}

function perform(node: Incarnation, { operation, tenant, request }: Call<OperationName>, credentials: object) {
  const engine = node.engine?.forTenant(tenant);
  if (engine === undefined) throw new Error("the node does not serve");
  const operations = engine as unknown as Record<OperationName, (...args: unknown[]) => Promise<never>>;
  return operation === "jwks" ? jwksOf(engine) : operations[operation](credentials, request);
}

async function jwksOf(engine: TenantEngine): Promise<never> {
  return engine.jwks() as never;
}

/** A value in a few words, tokens by their ends. */
function brief(value: unknown): string {
  const text = JSON.stringify(value, (name, member) =>
    name === "x" || name === "decision" || name === "claims"
      ? undefined
      : typeof member === "string" && member.length > 60
        ? `…${member.slice(-12)}`
        : member,
  );
  return (text ?? "nothing").replaceAll('"', "").slice(0, 400);
}
