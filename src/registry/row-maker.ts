import { type Clock, FOREVER, type Instant } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { RegistrationKey, RegistrationRecord } from "../store/registration-port.ts";
import { type Prover, prove } from "./proof.ts";

/** What making rows needs. */
interface RowMakerDependencies {
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  readonly prover: Prover;
}

/** The length of an etag, in bytes. */
const ETAG_BYTES = 16;

/** Makes the rows that replace others. */
export class RowMaker {
  readonly #dependencies: RowMakerDependencies;

  constructor(dependencies: RowMakerDependencies) {
    this.#dependencies = dependencies;
  }

  /** The row that says so from now on. `there`: the one that it replaces. */
  living(key: RegistrationKey, document: string, there: RegistrationRecord | undefined): RegistrationRecord {
    return this.#make(key, document, there, undefined, FOREVER);
  }

  /** The tombstone of a row, which can be forgotten at `purgeAt`; `FOREVER`: once something else has gone. */
  tombstone(there: RegistrationRecord, document: string, purgeAt: Instant): RegistrationRecord {
    return this.#make(there, document, there, this.#dependencies.clock.now(), purgeAt);
  }

  /** The same tombstone, which can be forgotten at `purgeAt`. */
  purged(there: RegistrationRecord, purgeAt: Instant): RegistrationRecord {
    const { clock, prover } = this.#dependencies;
    const { mac: _, ...row } = there;
    const updatedAt = Math.max(clock.now(), row.updatedAt + 1);
    return prove({ ...row, purgeAt, updatedAt, etag: this.#etag() }, prover);
  }

  #make(
    { kind, tenant, id }: RegistrationKey,
    document: string,
    there: RegistrationRecord | undefined,
    deletedAt: Instant | undefined,
    purgeAt: Instant,
  ): RegistrationRecord {
    const { clock, prover } = this.#dependencies;
    // Later than the row that it replaces, although that may be of a node whose clock is a little ahead.
    const updatedAt = Math.max(clock.now(), (there?.updatedAt ?? 0) + 1);
    const createdAt = there?.deletedAt === undefined ? (there?.createdAt ?? updatedAt) : updatedAt;
    const etag = this.#etag();
    return prove({ kind, tenant, id, document, etag, createdAt, updatedAt, deletedAt, purgeAt }, prover);
  }

  #etag(): string {
    return Buffer.from(this.#dependencies.random.bytes(ETAG_BYTES)).toString("base64url");
  }
}
