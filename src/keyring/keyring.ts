import { createHash, createHmac } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import type { KeyRecord, KeyStore, KeyUse } from "../store/port.ts";
import { BoundedMap } from "../token/bounded-map.ts";
import type { Clock, Instant } from "../token/clock.ts";
import type { Random } from "../token/random.ts";
import { leftHalfHash, type Signatures, type SigningKey } from "./algorithms.ts";
import {
  KeyUnavailableError,
  type PublicJwk,
  type Signer,
  type SigningAlgorithm,
  type TenantKeyring,
  type VerifiedJwt,
} from "./port.ts";
import { activeKey } from "./schedule.ts";
import type { Sealer } from "./seal.ts";

/** What a keyring needs of the world. */
export interface KeyringPorts {
  readonly clock: Clock;
  /** By how many milliseconds the clocks of nodes may differ at most. */
  readonly maxClockSkew: number;
  readonly random: Random;
  readonly sealer: Sealer;
  readonly signatures: Signatures;
}

/** Bytes of the key that authenticates refresh tokens: as many as its HMAC-SHA256 gives (RFC 2104 section 3). */
const TOKEN_KEY_BYTES = 32;

/** How many verified tokens are remembered: of the largest size they take some 16 MiB. */
const MAX_VERIFIED = 1024;

/** A row and what its seal held. */
interface Opened<Material> {
  readonly generation: number;
  readonly activateAt: Instant;
  readonly material: Material;
}

/**
 * Opens a tenant's keys, and makes those that it has none of yet.
 *
 * Throws SealError where a stored key does not open: a wrong key-encryption key must never lead to a new key.
 */
export async function openKeyring(
  tenant: { readonly id: string; readonly signing: { readonly algorithm: SigningAlgorithm } },
  store: KeyStore,
  ports: KeyringPorts,
): Promise<TenantKeyring> {
  const { algorithm } = tenant.signing;
  const sealKey = (use: KeyUse, text: string) => ports.sealer.seal(text, { tenant: tenant.id, use, generation: 1 });

  async function makeFirst(use: KeyUse): Promise<void> {
    const now = ports.clock.now();
    // Nobody waits for the first key, however late the node's clock that reads it.
    const activateAt = now - ports.maxClockSkew;
    const first =
      use === "signing"
        ? { algorithm, sealed: await sealKey(use, await ports.signatures.generate(algorithm)) }
        : {
            algorithm: "HS256",
            sealed: await sealKey(use, Buffer.from(ports.random.bytes(TOKEN_KEY_BYTES)).toString("base64url")),
          };
    // A lost race is as good as a won one: the rows are read again.
    await store.append({ use, generation: 1, ...first, createdAt: now, activateAt, request: undefined }, 0);
  }

  let rows = await store.list();
  const missing = (["signing", "refresh"] as const).filter((use) => !rows.some((row) => row.use === use));
  if (missing.length > 0) {
    await Promise.all(missing.map(makeFirst));
    rows = await store.list();
  }

  const open = (row: KeyRecord) =>
    ports.sealer.open(row.sealed, { tenant: tenant.id, use: row.use, generation: row.generation });
  const opened = await Promise.all(rows.map(async (row) => ({ row, text: await open(row) })));
  const signing = opened.filter(({ row }) => row.use === "signing");
  return new Keyring(
    await Promise.all(
      signing.map(async ({ row, text }) => ({
        ...row,
        material: await ports.signatures.load(row.algorithm as SigningAlgorithm, text),
      })),
    ),
    opened
      .filter(({ row }) => row.use === "refresh")
      .map(({ row, text }) => ({ ...row, material: Buffer.from(text, "base64url") })),
  );
}

class Keyring implements TenantKeyring {
  readonly #signing: readonly Opened<SigningKey>[];
  readonly #refresh: readonly Opened<Uint8Array>[];
  /** What is known to be signed by us, by its digest: a resource server asks about one token many times. */
  readonly #verified = new BoundedMap<string, VerifiedJwt>(MAX_VERIFIED);

  constructor(signing: readonly Opened<SigningKey>[], refresh: readonly Opened<Uint8Array>[]) {
    this.#signing = signing;
    this.#refresh = refresh;
  }

  signer(now: Instant): Signer {
    const key = activeKey(this.#signing, now)?.material;
    if (key === undefined) throw new KeyUnavailableError("No signing key is active yet.");
    return {
      kid: key.kid,
      algorithm: key.algorithm,
      sign: (claims) => key.sign(claims),
      leftHalfHash: (text) => leftHalfHash(key.algorithm, text),
    };
  }

  async verify(jwt: string): Promise<VerifiedJwt | undefined> {
    const digest = createHash("sha256").update(jwt).digest("base64url");
    const kid = kidOf(jwt);
    // The key is looked for every time: what it signed is worth no more than it is.
    const key = this.#signing.find(({ material }) => material.kid === kid)?.material;
    if (key === undefined) return undefined;
    const known = this.#verified.get(digest);
    if (known !== undefined) return known;
    const claims = await key.verify(jwt);
    if (claims === undefined) return undefined;
    const verified = { kid: key.kid, claims };
    this.#verified.set(digest, verified);
    return verified;
  }

  jwks(): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#signing.map(({ material }) => material.publicJwk) };
  }

  macGeneration(now: Instant): number {
    const key = activeKey(this.#refresh, now);
    if (key === undefined) throw new KeyUnavailableError("No key for refresh tokens is active yet.");
    return key.generation;
  }

  mac(generation: number, text: string): string | undefined {
    const key = this.#refresh.find((candidate) => candidate.generation === generation)?.material;
    return key && createHmac("sha256", key).update(text).digest("base64url");
  }
}

function kidOf(jwt: string): string | undefined {
  try {
    return decodeProtectedHeader(jwt).kid;
  } catch {
    return undefined;
  }
}
