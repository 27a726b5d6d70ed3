import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";

/** The claim that tells who acts for the subject (RFC 8693 section 4.1). */
export const ACTOR_CLAIM = "act";

/** The claim that tells who may become the actor (RFC 8693 section 4.4). */
export const MAY_ACT_CLAIM = "may_act";

/** The most actors in a chain, the current one included. */
export const MAX_ACTORS = 4;

/** Who a party is, as claims identify it. */
export interface Party {
  /** Who says that `sub` is its name. */
  readonly iss: string;
  readonly sub: string;
  /** Undefined if it is none of this mint's. */
  readonly client_id: string | undefined;
}

/** What `may_act` may identify a party by. */
const IDENTIFYING = ["iss", "sub", "client_id"] as const satisfies readonly (keyof Party)[];

/** Whether a value can be `may_act`: it identifies a party, and says nothing else that would have to be honoured. */
export function isMayAct(value: JsonValue): value is JsonObject {
  if (!isJsonObject(value) || typeof value.sub !== "string" || value.sub === "") return false;
  const known: readonly string[] = IDENTIFYING;
  return Object.entries(value).every(([name, member]) => known.includes(name) && typeof member === "string");
}

/**
 * Whether the `may_act` of a token of that issuer lets a party act for its subject. A token without the claim leaves that
 * to policies; one whose claim cannot be understood lets nobody.
 */
export function mayAct({ [MAY_ACT_CLAIM]: claim }: JsonObject, issuer: string, party: Party): boolean {
  if (claim === undefined) return true;
  if (!isMayAct(claim)) return false;
  const named: JsonObject = { iss: issuer, ...claim };
  return IDENTIFYING.every((name) => named[name] === undefined || named[name] === party[name]);
}

/** How many actors there are in the chain of an `act` claim. */
export function countActors(act: JsonValue | undefined): number {
  let count = 0;
  for (let one = act; one !== undefined && isJsonObject(one); one = one[ACTOR_CLAIM]) count += 1;
  return count;
}
