import { FOREVER, type Instant } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { KeyUse, TenantStore } from "../store/port.ts";
import type { Signatures } from "./algorithms.ts";
import { REFRESH_KEY_ALGORITHM, type SigningAlgorithm } from "./port.ts";
import type { KeyReader } from "./reader.ts";
import { type KeyEntry, type KeysRead, newest } from "./schedule.ts";
import type { Sealer } from "./seal.ts";
import { revocationIdOf, type Snapshot } from "./snapshot.ts";

/** The length of a refresh key, in bytes: that of its HMAC-SHA256 (RFC 2104 section 3). */
const REFRESH_KEY_BYTES = 32;

/** How often an append is tried again if other nodes keep winning. */
const MAX_ATTEMPTS = 8;

/** What making a key needs. */
export interface RotationDependencies {
  readonly tenant: string;
  /** The algorithm of new signing keys, as it is configured when the key is made. */
  readonly algorithm: () => SigningAlgorithm;
  readonly store: TenantStore;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
  readonly random: Random;
  readonly reader: KeyReader;
}

/** A key to be made. */
export interface NextKey {
  readonly use: KeyUse;
  /** Called right before the row is written: generating and sealing the key may take a while. */
  times(): { readonly createdAt: Instant; readonly activateAt: Instant };
  /** Identifies the request that makes it, so that a retry does not make another. */
  readonly request: string | undefined;
}

/** The keys including the next one, and whether this call made it. */
interface Appended {
  readonly snapshot: Snapshot;
  readonly isOurs: boolean;
}

/**
 * Appends the next generation, once. If another node has appended since `read`, a scheduled rotation accepts that
 * node's key, and an operator's is tried again unless the other node served the same request.
 */
export async function appendNext(dependencies: RotationDependencies, next: NextKey, read: Snapshot): Promise<Appended> {
  let snapshot = read;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (next.request !== undefined && findRequest(snapshot, next.request) !== undefined) {
      return { snapshot, isOurs: false };
    }
    const after = newest<KeyEntry>(snapshot[next.use])?.generation ?? 0;
    const isOurs = await append(dependencies, next, after);
    snapshot = await dependencies.reader.read();
    if (isOurs || next.request === undefined) return { snapshot, isOurs };
  }
  throw new Error("Other nodes kept rotating keys at the same time.");
}

/** The key that a request made, of either use. */
export function findRequest(read: KeysRead, request: string): KeyEntry | undefined {
  return [...read.signing, ...read.refresh].find((key) => key.request === request);
}

/** Records that nothing a key made is accepted any more. This is never undone. */
export async function markCompromised(store: TenantStore, key: KeyEntry): Promise<void> {
  await store.revocations.raise({ id: revocationIdOf(key), notAfter: FOREVER, expiresAt: FOREVER });
}

async function append(
  dependencies: RotationDependencies,
  { use, request, times }: NextKey,
  after: number,
): Promise<boolean> {
  const { algorithm, text } = await makeMaterial(dependencies, use);
  const row = { use, generation: after + 1, algorithm, request, ...times() };
  const sealed = await dependencies.sealer.seal(text, { tenant: dependencies.tenant, ...row });
  return dependencies.store.keys.append({ ...row, sealed }, after);
}

async function makeMaterial({ algorithm, signatures, random }: RotationDependencies, use: KeyUse) {
  if (use === "signing") {
    const wanted = algorithm();
    return { algorithm: wanted, text: await signatures.generate(wanted) };
  }
  return { algorithm: REFRESH_KEY_ALGORITHM, text: Buffer.from(random.bytes(REFRESH_KEY_BYTES)).toString("base64url") };
}
