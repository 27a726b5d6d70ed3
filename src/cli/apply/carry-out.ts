import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { ServiceUnavailableError } from "../frame/exit.ts";
import type { PrintedEntry } from "../registry/entries.ts";
import type { Registry } from "../registry/service.ts";
import { changedFromWire, changedTenantFromWire, settingsToWire } from "../registry/wire.ts";
import { untilAnswered, wireOptions } from "../registry/write.ts";
import { timeOf } from "../remote/wire-words.ts";
import type { Step } from "./difference.ts";
import { inParallel } from "./parallel.ts";

/** How often a node is asked that does not know a new tenant yet, in milliseconds. */
const ASK_EVERY = 500;

/** What became of a step. */
export interface Outcome {
  readonly state: "done" | "checked" | "refused" | "not done" | "not checked";
  /** Why it was refused. */
  readonly reason?: string;
  /** By when every node acts by it. */
  readonly effectiveTime?: string;
}

/** What carrying steps out needs. */
interface Means {
  readonly registry: Registry;
  readonly explain: (error: unknown) => Error;
  /** Whether the service only checks the steps. */
  readonly isDryRun: boolean;
  readonly onProgress: (done: number) => void;
}

/** What became of all steps. */
export interface CarriedOut {
  readonly outcomes: ReadonlyMap<Step, Outcome>;
  /** Why the rest was not tried, if the service went away. */
  readonly failure: ServiceUnavailableError | undefined;
}

/**
 * Carries steps out, several at once: tenants before their clients, and deletions last, if nothing was refused before. Goes
 * on after a refusal, but not once the service is unavailable. Throws whatever else goes wrong.
 */
export async function carryOut(steps: readonly Step[], means: Means): Promise<CarriedOut> {
  const untouched: Outcome = { state: means.isDryRun ? "not checked" : "not done" };
  const outcomes = new Map<Step, Outcome>(steps.map((step) => [step, untouched]));
  const created = new Map<string, number>();
  const of = (kind: Step["kind"], isDeletion: boolean) =>
    steps.filter((step) => step.kind === kind && (step.action === "delete") === isDeletion);
  const isRefused = (step: Step) => outcomes.get(step)?.state === "refused";
  const run = (some: readonly Step[]) =>
    inParallel(some, async (step) => {
      outcomes.set(step, await outcomeOf(step, means, created));
      means.onProgress([...outcomes.values()].filter((outcome) => outcome !== untouched).length);
    });
  const tenants = of("tenant", false);
  const changing = new Set(tenants.map(({ tenant }) => tenant));
  const failed = () =>
    new Set(tenants.filter((step) => step.action === "create" && isRefused(step)).map(({ id }) => id));
  try {
    await run(tenants);
    // What a client may be depends on its tenant as it will be.
    await run(of("client", false).filter(({ tenant }) => !(means.isDryRun ? changing : failed()).has(tenant)));
    // What a tenant may be depends on its clients.
    if (!means.isDryRun) await run(tenants.filter((step) => step.action === "update" && isRefused(step)));
    if (!means.isDryRun && steps.some(isRefused)) return { outcomes, failure: undefined };
    await run(of("client", true));
    await run(of("tenant", true));
    return { outcomes, failure: undefined };
  } catch (error) {
    if (error instanceof ServiceUnavailableError) return { outcomes, failure: error };
    throw error;
  }
}

/** Throws ServiceUnavailableError. `created`: how long it may take until all nodes know a tenant, in milliseconds. */
async function outcomeOf(step: Step, means: Means, created: Map<string, number>): Promise<Outcome> {
  try {
    const patience = created.get(step.tenant) ?? 0;
    const changed = await oncePresent(patience, () => (step.kind === "tenant" ? doTenant : doClient)(step, means));
    if (step.kind === "tenant" && step.action === "create") created.set(step.id, delayOf(changed));
    const { effectiveTime } = changed;
    return { state: means.isDryRun ? "checked" : "done", ...(effectiveTime !== undefined && { effectiveTime }) };
  } catch (error) {
    const explained = means.explain(error);
    if (explained.name === "ServiceRefusedError") return { state: "refused", reason: explained.message };
    throw explained;
  }
}

/** What is told of a change. */
type Changed = Partial<Pick<PrintedEntry, "createTime">> & { readonly effectiveTime?: string };

async function doTenant({ action, id: tenant, settings: words, etag, clients }: Step, means: Means): Promise<Changed> {
  const { registry, isDryRun: dryRun } = means;
  const [options, settings] = [wireOptions({ etag, dryRun }), settingsToWire(words)];
  if (action === "delete") {
    // Without clients that were shown, none may go that somebody has registered since.
    const request = { tenant, force: clients > 0, options };
    return timeOf("effectiveTime", (await untilAnswered(() => registry.deleteTenant(request))).effectiveTime);
  }
  if (action === "create")
    return changedTenantFromWire(await untilAnswered(() => registry.createTenant({ tenant, settings, options })));
  const request = { tenant, settings, updateMask: { paths: ["*"] }, options };
  return changedTenantFromWire(await untilAnswered(() => registry.updateTenant(request)));
}

async function doClient(step: Step, means: Means): Promise<Changed> {
  const { action, tenant, id: client, settings: words, etag, changes } = step;
  const { registry, isDryRun: dryRun } = means;
  const [options, settings] = [wireOptions({ etag, dryRun }), settingsToWire(words)];
  const named = { tenant, client };
  if (action === "delete") {
    return timeOf(
      "effectiveTime",
      (await untilAnswered(() => registry.deleteClient({ ...named, options }))).effectiveTime,
    );
  }
  let changed: Changed = {};
  if (action === "create") {
    changed = changedFromWire(await untilAnswered(() => registry.createClient({ ...named, settings, options })));
  } else if (changes.length > 0) {
    const request = { ...named, settings, updateMask: { paths: ["*"] }, options };
    changed = changedFromWire(await untilAnswered(() => registry.updateClient(request)));
  }
  // There is no client yet that could get them.
  if (action === "create" && dryRun) return changed;
  for (const hash of step.hashes) {
    const request = { ...named, hash, options: wireOptions({ dryRun }) };
    changed = changedFromWire(await untilAnswered(() => registry.addClientSecret(request)));
  }
  return changed;
}

/** How long it may take until every node acts by a change, in milliseconds, by the service's clock, and a second more. */
function delayOf({ createTime = "", effectiveTime = "" }: Changed): number {
  return Date.parse(effectiveTime) - Date.parse(createTime) + 1000;
}

/** Calls again for some time while a node does not know the tenant. `patience`: in milliseconds. */
async function oncePresent<T>(patience: number, call: () => Promise<T>): Promise<T> {
  for (let waited = 0; waited < patience; waited += ASK_EVERY) {
    try {
      return await call();
    } catch (error) {
      if (ConnectError.from(error).code !== Code.NotFound) throw error;
      await setTimeout(ASK_EVERY);
    }
  }
  return call();
}
