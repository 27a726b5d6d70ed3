import { formatDuration } from "../base/duration.ts";
import type { Problems } from "../schema/problems.ts";
import type { SigningPolicy } from "./signing-policy.ts";

/** The most by which clocks may differ and requests may be delayed, together, in seconds. */
const CLOCK_MARGIN = 60;

/** A node's keys must last this many polls, so that they become too old only if several reads fail in a row. */
const MIN_POLLS = 3;

/** Notes a problem if one failed read could make a node stop signing. */
export function checkStaleness(
  { keyPollEvery, keyMaxStaleness }: { readonly keyPollEvery: number; readonly keyMaxStaleness: number },
  problems: Problems,
): void {
  const why = `${MIN_POLLS} times keyPollEvery (${formatDuration(keyPollEvery)}), so that one failed read does not stop signing`;
  checkLeast(keyMaxStaleness, MIN_POLLS * keyPollEvery, why, problems.at("keyMaxStaleness"));
}

/** Notes a problem if one failed read could make a node refuse requests. */
export function checkRegistryStaleness(
  {
    registryPollEvery,
    registryMaxStaleness,
  }: { readonly registryPollEvery: number; readonly registryMaxStaleness: number },
  problems: Problems,
): void {
  const why =
    `${MIN_POLLS} times registryPollEvery (${formatDuration(registryPollEvery)}), so that one failed read does not stop ` +
    "the node";
  checkLeast(registryMaxStaleness, MIN_POLLS * registryPollEvery, why, problems.at("registryMaxStaleness"));
}

/** Notes a problem if verifiers could receive tokens signed with a key that they do not know yet. */
export function checkSigning(signing: SigningPolicy, keyMaxStaleness: number, problems: Problems): void {
  const { rotateEvery, publishAhead, jwksMaxAge } = signing;
  // A node may serve a JWKS without a new key until its own keys are too old, and a verifier may then cache that JWKS.
  const unknown = jwksMaxAge + keyMaxStaleness + CLOCK_MARGIN;
  const parts =
    `jwksMaxAge (${formatDuration(jwksMaxAge)}), keyMaxStaleness (${formatDuration(keyMaxStaleness)}) and ` +
    `${formatDuration(CLOCK_MARGIN)} for clocks together`;
  checkLeast(publishAhead, unknown, `a verifier may not know a new key for ${parts}`, problems.at("publishAhead"));

  // A successor is made publishAhead before a key's time ends. By then the key must sign, and everyone must know it.
  const why =
    "a key must sign, and every node and verifier know it, before its successor is made, which takes " +
    `publishAhead (${formatDuration(publishAhead)}), ${parts}`;
  checkLeast(rotateEvery, publishAhead + unknown, why, problems.at("rotateEvery"));
}

function checkLeast(seconds: number, least: number, why: string, problems: Problems): void {
  if (seconds >= least) return;
  problems.add(`expected at least ${formatDuration(least)}, got ${formatDuration(seconds)}: ${why}`);
}
