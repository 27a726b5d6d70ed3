import { isJsonObject, type JsonObject } from "../../base/json.ts";
import type { Output } from "../frame/io.ts";
import { formatCell, formatPairs, formatRows } from "../frame/table.ts";
import { readable } from "../remote/times.ts";

/** A secret as it is printed: never what it is. */
export interface PrintedSecret {
  readonly id: string;
  readonly createTime?: string;
  readonly notBefore?: string;
  readonly expireTime?: string;
}

/** The entry of a client or a tenant as it is printed: the RPC's names, with plain words and times as RFC 3339 text. */
export interface PrintedEntry {
  readonly id: string;
  readonly source: string;
  readonly shadowed?: true;
  readonly settings: JsonObject;
  readonly secrets?: readonly PrintedSecret[];
  readonly etag?: string;
  readonly createTime?: string;
  readonly updateTime?: string;
  readonly problems?: readonly string[];
}

/** Entries as JSON, as `print` takes it. */
export function jsonOf(entry: object): JsonObject {
  return { ...entry } as JsonObject;
}

/** An answer as people see it: a line for each setting, rather than all of them in one. */
export function pairsOf(answer: JsonObject, output: Output): string {
  const pairs = Object.entries(answer).flatMap(([name, value]) =>
    name === "settings" && isJsonObject(value)
      ? Object.entries(value).map(([setting, held]) => [`settings.${setting}`, formatCell(held)] as const)
      : [[name, formatCell(value)] as const],
  );
  return formatPairs(pairs, output);
}

/** A change as people see it: what is there now, what was done, and when it counts. */
export function viewOfChange(done: string, answer: JsonObject, isDryRun: boolean, output: Output): string {
  const { effectiveTime, ...rest } = answer;
  const when = typeof effectiveTime === "string" ? ` Every node acts by it by ${effectiveTime}.` : "";
  return [pairsOf(rest, output), "", isDryRun ? "Nothing was changed." : `${done}.${when}`].join("\n");
}

/** Clients as people see them. */
export function tableOfClients(clients: readonly PrintedEntry[], output: Output): string {
  const rows = clients.map((client) => {
    const { id, source, settings, secrets = [], updateTime } = client;
    return [id, source, stateOf(client), formatCell(settings.grants), String(secrets.length), readable(updateTime)];
  });
  return formatRows(rows, ["CLIENT", "SOURCE", "STATE", "GRANTS", "SECRETS", "UPDATED (UTC)"], output);
}

/** Tenants as people see them. */
export function tableOfTenants(tenants: readonly PrintedEntry[], output: Output): string {
  const rows = tenants.map((tenant) => {
    const { id, source, settings, updateTime } = tenant;
    return [id, source, stateOf(tenant), formatCell(settings.issuer), readable(updateTime)];
  });
  return formatRows(rows, ["TENANT", "SOURCE", "STATE", "ISSUER", "UPDATED (UTC)"], output);
}

function stateOf({ shadowed, settings, problems }: PrintedEntry): string {
  if (shadowed) return "shadowed";
  if (problems !== undefined) return "unusable";
  return settings.enabled === false ? "disabled" : "enabled";
}
