import { formatDuration } from "../base/duration.ts";
import type { Problems } from "../schema/problems.ts";
import type { SigningPolicy } from "./tenant.ts";

/** How much the clocks of nodes and verifiers, and the time that a request takes, can add up to, in seconds. */
const CLOCK_MARGIN = 60;

/** How many reads in a row must fail before a node's keys are too old. */
const MIN_POLLS = 3;

/** Notes if one failed read could make a node stop signing. */
export function checkStaleness(
  { keyPollEvery, keyMaxStaleness }: { readonly keyPollEvery: number; readonly keyMaxStaleness: number },
  problems: Problems,
): void {
  const why = `${MIN_POLLS} times keyPollEvery (${formatDuration(keyPollEvery)}), so that one failed read stops no signing`;
  checkLeast(keyMaxStaleness, MIN_POLLS * keyPollEvery, why, problems.at("keyMaxStaleness"));
}

/** Notes where verifiers could meet tokens of a key that they do not know yet. */
export function checkSigning(signing: SigningPolicy, keyMaxStaleness: number, problems: Problems): void {
  const { rotateEvery, publishAhead, jwksMaxAge } = signing;
  // A node may give out a JWKS without a new key until its own are too old, and a verifier may keep that one.
  const unknown = jwksMaxAge + keyMaxStaleness + CLOCK_MARGIN;
  const parts =
    `jwksMaxAge (${formatDuration(jwksMaxAge)}), keyMaxStaleness (${formatDuration(keyMaxStaleness)}) and ` +
    `${formatDuration(CLOCK_MARGIN)} for clocks together`;
  checkLeast(publishAhead, unknown, `a verifier may not know a new key for ${parts}`, problems.at("publishAhead"));

  // A successor is made publishAhead before a key's time is over: by then the key signs, and everyone knows it.
  const why =
    "a key must sign, and every node and verifier know it, before its successor is made, which takes " +
    `publishAhead (${formatDuration(publishAhead)}), ${parts}`;
  checkLeast(rotateEvery, publishAhead + unknown, why, problems.at("rotateEvery"));
}

function checkLeast(seconds: number, least: number, why: string, problems: Problems): void {
  if (seconds >= least) return;
  problems.add(`expected at least ${formatDuration(least)}, got ${formatDuration(seconds)}: ${why}`);
}
