import { createAuthorities } from "../authorities/index.ts";
import type { Authorities } from "../authorities/port.ts";
import { type Clock, type Machine, systemClock, thisMachine } from "../base/clock.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { Scrypt } from "../engine/clients/secrets.ts";
import { nodeSignatures, type Signatures } from "../keyring/algorithms.ts";
import type { Sealer } from "../keyring/seal.ts";
import type { Emit } from "../telemetry/events.ts";

/**
 * Everything that a node takes from its environment. Tests and the simulation replace it; the rest of the node is the
 * same everywhere.
 */
export interface Platform {
  /** Time and timers. */
  readonly machine: Machine;
  /** Makes the node's clock. `isOff`: whether the store has found that the machine's time of day is wrong. */
  clock(isOff: () => boolean): Clock;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  /** Derives keys from secrets; Node's own by default. */
  readonly scrypt?: Scrypt | undefined;
  /**
   * Makes the verifier of other issuers' id_tokens. All of it is replaceable, rather than only its fetching of keys, as
   * the simulation's id_tokens are not JWTs.
   */
  authorities(dependencies: { readonly clock: Clock; readonly emit: Emit }): Authorities;
}

/** The machine that this process runs on. `clock`: makes its clock; by default, that of a process that has one to itself. */
export function thisPlatform(
  sealer: Sealer,
  clock: Platform["clock"] = (isOff) => systemClock(thisMachine, isOff),
): Platform {
  return {
    machine: thisMachine,
    clock,
    random: systemRandom,
    sealer,
    signatures: nodeSignatures,
    authorities: createAuthorities,
  };
}
