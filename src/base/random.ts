import { getRandomValues } from "node:crypto";

/** A source of unguessable bytes. */
export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The machine's cryptographically secure generator. */
export const systemRandom: Random = { bytes: (length) => getRandomValues(new Uint8Array(length)) };

/** A number from 0 up to, but not including, 1: for what needs no secrecy, such as spreading jobs over time. */
export function fraction(random: Random): number {
  const bytes = random.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32;
}
