import type { JsonObject, JsonValue } from "../../base/json.ts";
import { ServiceRefusedError, ServiceUnavailableError } from "../frame/exit.ts";
import { formatCell } from "../frame/table.ts";
import type { CarriedOut, Outcome } from "./carry-out.ts";
import type { Difference, SettingChange, Step } from "./difference.ts";

/** How many entries an error names. */
const MOST_NAMED = 20;

/** How long a value is shown, in characters. */
const MOST_SHOWN = 80;

/** The signs of changes, as everybody knows them. */
const SIGNS = { create: "+", update: "~", delete: "-" } as const;

/** The difference as people see it: an entry a line, and below it the settings that change. */
export function viewOfDifference({ steps, unchanged }: Difference): string {
  const counts = (["create", "update", "delete"] as const).map(
    (action) => `${steps.filter((step) => step.action === action).length} to ${action}`,
  );
  return [...steps.flatMap(linesOf), `${counts.join(", ")}, ${unchanged} unchanged.`].join("\n");
}

/** What was done as JSON. */
export function answerOf({ steps, unchanged }: Difference, { outcomes }: CarriedOut, dryRun: boolean): JsonObject {
  const changes = steps.map((step): JsonObject => {
    const { action, kind, tenant, id } = step;
    const { state, reason } = outcomes.get(step) ?? NOT_DONE;
    return {
      ...{ action, tenant, ...(kind === "client" && { client: id }) },
      ...(step.changes.length > 0 && { settings: step.changes.map(printedChange) }),
      ...(step.hashes.length > 0 && { secrets: step.hashes.length }),
      ...{ outcome: state, ...(reason !== undefined && { reason }) },
    };
  });
  const effectiveTime = lastOf(outcomes);
  return { changes, unchanged, dryRun, ...(effectiveTime !== undefined && !dryRun && { effectiveTime }) };
}

/** What was done in a sentence. */
export function summaryOf({ outcomes }: CarriedOut, dryRun: boolean): string {
  const unchecked = [...outcomes.values()].filter(({ state }) => state === "not checked").length;
  if (unchecked > 0) return `Nothing was changed. The service has not checked ${unchecked} of ${outcomes.size}.`;
  if (dryRun || outcomes.size === 0) return "Nothing was changed.";
  const done = [...outcomes.values()].filter(({ state }) => state === "done").length;
  const when = lastOf(outcomes);
  return `${done} of ${outcomes.size} done.${when === undefined ? "" : ` Every node acts by it by ${when}.`}`;
}

/** Throws an error that says which changes were not made, or would be refused, and why, unless there are none. */
export function throwIfIncomplete({ outcomes, failure }: CarriedOut, dryRun: boolean): void {
  const refused = [...outcomes].filter(([, { state }]) => state === "refused");
  const left = [...outcomes].filter(([, { state }]) => state === "not done");
  if (failure === undefined && refused.length === 0) return;
  const all = [...refused, ...left];
  const how = dryRun ? "would be refused:" : "were not made; a later run tries them again:";
  const lines = all.map(([{ place, action }, { state, reason = state }]) => `${place} (${action}): ${reason}`);
  const more = lines.length > MOST_NAMED ? [`and ${lines.length - MOST_NAMED} more`] : [];
  const told =
    all.length === 0
      ? []
      : [`${all.length} of ${outcomes.size} changes ${how}`, ...lines.slice(0, MOST_NAMED), ...more];
  if (failure === undefined) throw new ServiceRefusedError(told.join("\n"));
  throw new ServiceUnavailableError([failure.message, ...told].join("\n"), { cause: failure });
}

const NOT_DONE: Outcome = { state: "not done" };

function linesOf(step: Step): readonly string[] {
  const { action, place, changes, hashes, clients } = step;
  const withIt = clients > 0 ? ` (and its clients: ${clients})` : "";
  return [
    `${SIGNS[action]} ${place}${withIt}`,
    ...(action === "delete" ? [] : changes.map((change) => `    ${lineOf(change, action === "create")}`)),
    ...(hashes.length > 0 ? [`    secrets: ${hashes.length} more`] : []),
  ];
}

function lineOf({ setting, from, to }: SettingChange, isNew: boolean): string {
  return isNew ? `${setting}: ${shown(to)}` : `${setting}: ${shown(from)} -> ${shown(to)}`;
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "(default)";
  const text = formatCell(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function printedChange({ setting, from, to }: SettingChange): JsonObject {
  return { setting, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** RFC 3339 in UTC sorts by time. */
function lastOf(outcomes: CarriedOut["outcomes"]): string | undefined {
  return [...outcomes.values()]
    .flatMap(({ effectiveTime = [] }) => effectiveTime)
    .toSorted()
    .at(-1);
}
