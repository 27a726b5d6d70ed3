import { getRandomValues } from "node:crypto";

/** A source of unguessable bytes. */
export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The machine's cryptographically secure generator. */
export const systemRandom: Random = { bytes: (length) => getRandomValues(new Uint8Array(length)) };
