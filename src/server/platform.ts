import { createAuthorities } from "../authorities/index.ts";
import type { Authorities } from "../authorities/port.ts";
import { type Clock, type Machine, systemClock, thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { Scrypt } from "../engine/clients/secrets.ts";
import { type Signatures, webCryptoSignatures } from "../keyring/algorithms.ts";
import type { Sealer } from "../keyring/seal.ts";

/**
 * All that a node takes from the world around it. Tests and the simulation give it other things, and run the same node
 * otherwise.
 */
export interface Platform {
  /** Time and timers. */
  readonly machine: Machine;
  /** The clock that the node goes by. `isOff`: whether the store knows that the machine's time of day is wrong. */
  clock(isOff: () => boolean): Clock;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  /** Derives keys from secrets; Node's own unless given. */
  readonly scrypt?: Scrypt | undefined;
  /**
   * What checks other issuers' id_tokens. It is injected whole, rather than what it fetches keys with: the simulation's
   * id_tokens are no JWTs.
   */
  authorities(dependencies: { readonly clock: Clock; readonly logger: Logger }): Authorities;
}

/** The machine that this process runs on. */
export function thisPlatform(sealer: Sealer): Platform {
  return {
    machine: thisMachine,
    clock: (isOff) => systemClock(thisMachine, isOff),
    random: systemRandom,
    sealer,
    signatures: webCryptoSignatures,
    authorities: createAuthorities,
  };
}
