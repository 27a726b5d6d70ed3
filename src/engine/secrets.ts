import { createHash, createHmac, scrypt, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../token/bounded-map.ts";
import type { Random } from "../token/random.ts";
import { OAuthError } from "./errors.ts";
import type { SecretHash } from "./tenant.ts";

type ScryptHash = Extract<SecretHash, { kind: "scrypt" }>;

/** Derives a key by scrypt (RFC 7914). */
export type Scrypt = (secret: string, hash: ScryptHash) => Promise<Uint8Array>;

/** How many secrets may wait for scrypt: more would only wait longer than a caller does. */
const MAX_WAITING = 16;

/** How many right secrets are remembered. */
const MAX_REMEMBERED = 4096;

const NO_DIGEST = new Uint8Array(32);

/**
 * Compares presented secrets with stored hashes, in constant time.
 *
 * scrypt costs some 50 ms: one is computed at a time, so that wrong secrets never hold up signing, and a right one is
 * paid for once: a keyed hash of it is remembered in memory. Callers who come with the same secret at once share one.
 */
export class SecretVerifier {
  readonly #scrypt: Scrypt;
  readonly #memoryKey: Uint8Array;
  readonly #remembered = new BoundedMap<string, true>(MAX_REMEMBERED);
  /** What is being derived or waits for it, by its name. */
  readonly #running = new Map<string, Promise<boolean>>();
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(random: Random, derive: Scrypt = nodeScrypt) {
    this.#scrypt = derive;
    this.#memoryKey = random.bytes(32);
  }

  /**
   * Whether the secret is one of the client's. Without hashes (an unknown client) it costs one SHA-256 all the same.
   *
   * Throws OAuthError `temporarily_unavailable` where too many secrets wait to be checked.
   */
  async verify(
    owner: { tenant: string; client: string },
    hashes: readonly SecretHash[],
    secret: string,
  ): Promise<boolean> {
    const digest = createHash("sha256").update(secret).digest();
    let proven = false;
    if (hashes.length === 0) timingSafeEqual(digest, NO_DIGEST);
    for (const hash of hashes) {
      if (hash.kind === "sha256" && timingSafeEqual(digest, hash.digest)) proven = true;
    }
    if (proven) return true;
    const costly = hashes
      .filter((hash) => hash.kind === "scrypt")
      .map((hash) => ({ hash, name: this.#nameOf(owner, hash, secret) }));
    if (costly.some(({ name }) => this.#remembered.get(name))) return true;
    for (const { hash, name } of costly) {
      if (await this.#matches(name, hash, secret)) return true;
    }
    return false;
  }

  #matches(name: string, hash: ScryptHash, secret: string): Promise<boolean> {
    const running =
      this.#running.get(name) ?? this.#derive(name, hash, secret).finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return running;
  }

  async #derive(name: string, hash: ScryptHash, secret: string): Promise<boolean> {
    const derived = await this.#inTurn(() => this.#scrypt(secret, hash));
    if (!timingSafeEqual(derived, hash.digest)) return false;
    this.#remembered.set(name, true);
    return true;
  }

  /** Every part is preceded by its length, so that no two lists of parts read alike. */
  #nameOf(owner: { tenant: string; client: string }, hash: ScryptHash, secret: string): string {
    const hmac = createHmac("sha256", this.#memoryKey);
    const entry = [
      hash.logN,
      hash.r,
      hash.p,
      Buffer.from(hash.salt).toString("hex"),
      Buffer.from(hash.digest).toString("hex"),
    ];
    for (const part of [owner.tenant, owner.client, entry.join("$"), secret]) {
      hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    }
    return hmac.digest("base64url");
  }

  async #inTurn<T>(derive: () => Promise<T>): Promise<T> {
    if (this.#waiting > MAX_WAITING) {
      throw new OAuthError("temporarily_unavailable", "Too many client secrets are being checked. Try again.");
    }
    this.#waiting += 1;
    const turn = this.#tail.then(derive);
    this.#tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }
}

const nodeScrypt: Scrypt = (secret, hash) =>
  new Promise((resolve, reject) => {
    const N = 2 ** hash.logN;
    // OpenSSL asks for a bound: what these parameters need, and some room.
    const options = { N, r: hash.r, p: hash.p, maxmem: 256 * N * hash.r + 1024 * 1024 };
    scrypt(secret, hash.salt, hash.digest.length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
