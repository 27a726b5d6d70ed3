import type { KeyDescription } from "../../keyring/port.ts";
import type { Output } from "../frame/io.ts";
import { formatRows } from "../frame/table.ts";
import { printedTime, readable } from "./times.ts";

/** How a key takes over from the one before it. */
export const ROTATION_MODES = ["graceful", "immediate", "compromised"] as const;

/** What a key is for. */
export const KEY_USES = ["signing", "refresh"] as const;

/** A key as it is printed: the RPC's names, with plain words and times as RFC 3339 text. */
export interface PrintedKey {
  readonly kid?: string;
  readonly use: string;
  readonly generation: number;
  readonly algorithm: string;
  readonly state: string;
  readonly createTime?: string;
  readonly activateTime?: string;
  readonly retireTime?: string;
  readonly removeTime?: string;
}

/** A key that the engine describes. */
export function fromEngine({ kid, use, generation, algorithm, state, ...times }: KeyDescription): PrintedKey {
  return {
    ...(kid !== undefined && { kid }),
    ...{ use, generation, algorithm, state },
    ...printedTime("createTime", times.createdAt),
    ...printedTime("activateTime", times.activateAt),
    ...printedTime("retireTime", times.retireAt),
    ...printedTime("removeTime", times.removeAt),
  };
}

/** Keys as people see them. */
export function tableOfKeys(keys: readonly PrintedKey[], output: Output): string {
  const rows = keys.map(({ kid = "", use, generation, algorithm, state, activateTime, retireTime }) => [
    ...[kid, use, String(generation), algorithm, state],
    ...[readable(activateTime), readable(retireTime)],
  ]);
  return formatRows(rows, ["KID", "USE", "GEN", "ALGORITHM", "STATE", "SIGNS FROM (UTC)", "UNTIL (UTC)"], output);
}
