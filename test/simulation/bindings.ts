import { type Call, is, isDone } from "./calls.ts";
import { claimsOf } from "./cryptography.ts";
import { certificateCnf, cnfsOf } from "./keys.ts";
import { clientOf, type Grant, type Token } from "./tokens.ts";

/** Whether the caller has what a token is bound to. */
export function holds({ held }: Call, { boundTo }: Pick<Token, "boundTo">): boolean {
  return boundTo === undefined || cnfsOf(held).includes(boundTo);
}

/** What the tokens of a call are bound to that the caller shows some tokens for, as the JSON of their `cnf`. */
export function bindingOf(call: Call, shown: readonly Pick<Token, "boundTo">[]): string | undefined {
  const { held } = call;
  if (held.key !== undefined) return held.key.cnf;
  if (clientOf(call).certificateBoundTokens && held.certificate !== undefined) return certificateCnf(held.certificate);
  return shown.find((token) => token.boundTo !== undefined && holds(call, token))?.boundTo;
}

/** Whether a caller may refresh a grant: a client that proves who it is with any key, another with the very key. */
export function mayRefresh(call: Call, grant: Grant): boolean {
  if (grant.boundTo === undefined) return true;
  if (bindingOf(call, [grant]) === undefined) return false;
  return !call.isPublic || holds(call, grant);
}

/** Whether a call may be refused for want of a key, or for its proof, and as what. */
export function lacksKey(call: Call, grant: Grant | undefined, code: string): boolean {
  const issues = is(call, "mint") || is(call, "refresh");
  if (!issues) return false;
  const { dpop, certificateBoundTokens } = clientOf(call);
  const { isDoubtful, key, certificate } = call.held;
  if (code === "invalid_dpop_proof")
    return isDoubtful === true || (key === undefined && (dpop === "required" || isBound()));
  return code === "invalid_request" && certificate === undefined && (certificateBoundTokens || isBound());

  function isBound(): boolean {
    return grant !== undefined && !mayRefresh(call, grant);
  }
}

/** The `cnf` of what a call gave, as JSON; undefined if it has none; `unseen` if only the mint can tell. */
export function toldBinding(call: Call<"mint" | "refresh">): string | "unseen" | undefined {
  if (!isDone(call)) return "unseen";
  const { accessToken } = call.outcome.answer;
  if (!accessToken.includes(".")) return "unseen";
  const { cnf } = claimsOf(accessToken);
  return cnf === undefined ? undefined : JSON.stringify(cnf);
}
