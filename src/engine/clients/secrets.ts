import { createHmac, hash as hashOnce, scrypt, timingSafeEqual } from "node:crypto";
import { hostNetwork } from "../../base/address.ts";
import { type Clock, FOREVER, type Instant } from "../../base/clock.ts";
import { LruMap } from "../../base/lru-map.ts";
import type { Random } from "../../base/random.ts";
import type { SecretHash } from "../../registry/tenant.ts";
import type { CountedRefusal, Listener } from "../../telemetry/events.ts";
import { OAuthError } from "../errors.ts";
import { FairQueue } from "./fair-queue.ts";
import { RefusalCounts } from "./refusal-counts.ts";

type ScryptHash = Extract<SecretHash, { kind: "scrypt" }>;

/** Derives a key by scrypt (RFC 7914). */
export type Scrypt = (secret: string, hash: ScryptHash) => Promise<Uint8Array>;

/**
 * How many secrets may wait for scrypt: of one tenant any number, of one client, and from one address for that client.
 */
const MAX_WAITING = [Number.POSITIVE_INFINITY, 16, 8];

/** How long a secret may wait for scrypt, in milliseconds: whoever sent it has most likely gone by then. */
const LONGEST_WAIT = 10_000;

/** How many correct secrets are remembered. */
const MAX_REMEMBERED = 4096;

/** Whose secret is presented, and from where. */
export interface Presenter {
  readonly tenant: string;
  readonly role: "client" | "operator";
  readonly id: string;
  /** Whether a client or operator of that id is configured. */
  readonly isKnown: boolean;
  /** Where it comes from; addresses take turns. */
  readonly address?: string | undefined;
}

/**
 * Compares presented secrets with stored hashes, in constant time, and counts wrong ones.
 *
 * scrypt takes some 50 ms. One hash is computed at a time for clients and one for operators, so that wrong secrets
 * never hold up signing; a correct secret pays once, as a keyed hash of it is remembered in memory. Callers who present
 * the same secret at once share one computation. Tenants, clients and addresses take turns, so a flood of one delays no
 * other.
 *
 * An unknown client costs no scrypt: names are free to invent, and their secrets would take the turns of real clients.
 * The time taken may therefore reveal whether a client exists, which is no secret (RFC 6749 section 2.2).
 */
export class SecretVerifier {
  readonly #clock: Clock;
  readonly #scrypt: Scrypt;
  readonly #memoryKey: Uint8Array;
  readonly #remembered = new LruMap<string, true>(MAX_REMEMBERED);
  /** Computations that run or wait, by name. */
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #queues = { client: new FairQueue(MAX_WAITING), operator: new FairQueue(MAX_WAITING) };
  readonly #refusals = new RefusalCounts();

  constructor(random: Random, clock: Clock, derive: Scrypt = nodeScrypt) {
    this.#clock = clock;
    this.#scrypt = derive;
    this.#memoryKey = random.bytes(32);
  }

  /**
   * Whether the secret is one of the presenter's.
   *
   * Throws OAuthError `temporarily_unavailable` if too many secrets wait to be checked, or this one waited too long.
   */
  async verify(presenter: Presenter, hashes: readonly SecretHash[], secret: string): Promise<boolean> {
    const now = this.#clock.now();
    const isRight = isQuicklyProven(hashes, secret, now) || (await this.#isProven(presenter, hashes, secret, now));
    if (!isRight) this.#count(`${presenter.role}_secrets_refused`, presenter);
    return isRight;
  }

  /** Emits how many secrets were refused since the last report, never one event for each. */
  report(listener: Listener): void {
    this.#refusals.report(listener);
  }

  /** Whether the secret is one of those that scrypt has hashed. */
  async #isProven(presenter: Presenter, hashes: readonly SecretHash[], secret: string, now: Instant): Promise<boolean> {
    const costly = hashes
      .filter((hash) => hash.kind === "scrypt")
      .filter((hash) => isCurrent(hash, now))
      .map((hash) => ({ hash, name: this.#nameOf(presenter, hash, secret) }));
    // All remembered ones first: the old and the new secret of a client in rotation both pay for scrypt only once.
    if (costly.some(({ name }) => this.#remembered.get(name))) return true;
    for (const { hash, name } of costly) {
      if (await this.#matches(presenter, name, hash, secret)) return true;
    }
    return false;
  }

  #matches(presenter: Presenter, name: string, hash: ScryptHash, secret: string): Promise<boolean> {
    const running =
      this.#running.get(name) ?? this.#derive(presenter, name, hash, secret).finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return running;
  }

  async #derive(presenter: Presenter, name: string, hash: ScryptHash, secret: string): Promise<boolean> {
    const derived = await this.#inTurn(presenter, () => this.#scrypt(secret, hash));
    if (!timingSafeEqual(derived, hash.digest)) return false;
    // Only a match is remembered: wrong secrets must not push out right ones.
    this.#remembered.set(name, true);
    return true;
  }

  /**
   * Every part is preceded by its length, so that no two lists of parts produce the same input. Includes the hash
   * itself: once a secret is replaced in the configuration, what is remembered of the old one never matches.
   */
  #nameOf({ tenant, role, id }: Presenter, hash: ScryptHash, secret: string): string {
    const hmac = createHmac("sha256", this.#memoryKey);
    const entry = [
      hash.logN,
      hash.r,
      hash.p,
      Buffer.from(hash.salt).toString("hex"),
      Buffer.from(hash.digest).toString("hex"),
    ];
    for (const part of [tenant, role, id, entry.join("$"), secret]) {
      hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    }
    return hmac.digest("base64url");
  }

  #inTurn<T>(presenter: Presenter, derive: () => Promise<T>): Promise<T> {
    const { role, id, address } = presenter;
    const latest = this.#clock.now() + LONGEST_WAIT;
    const path = [placeOf(presenter), id, address === undefined ? "" : hostNetwork(address)];
    const turn = this.#queues[role].run(path, async () => {
      // A secret whose sender has given up must not delay the others by another 50 ms.
      if (this.#clock.now() > latest) throw this.#tooMany(presenter);
      return derive();
    });
    if (turn === undefined) throw this.#tooMany(presenter);
    return turn;
  }

  #tooMany(presenter: Presenter): OAuthError {
    this.#count("secrets_queue_full", presenter);
    const { role, id, isKnown } = presenter;
    const options = { event: { event: `${role}_refused`, [role]: isKnown ? id : undefined } } as const;
    return new OAuthError("temporarily_unavailable", "Too many client secrets are being checked. Try again.", options);
  }

  #count(event: CountedRefusal["event"], { tenant, role, id, isKnown, address }: Presenter): void {
    // An unknown id is not told: it may be a secret in the wrong place.
    this.#refusals.count({ event, tenant, [role]: isKnown ? id : undefined }, address);
  }
}

/** Whether the secret is one of those that SHA-256 has hashed: nobody has to wait for that. */
function isQuicklyProven(hashes: readonly SecretHash[], secret: string, now: Instant): boolean {
  const digest = hashOnce("sha256", secret, "buffer");
  let proven = false;
  for (const hash of hashes) {
    // No early exit: the time must not reveal which of several hashes matched.
    if (hash.kind === "sha256" && isCurrent(hash, now) && timingSafeEqual(digest, hash.digest)) proven = true;
  }
  return proven;
}

/** By this node's clock: what other nodes may still see differently for a moment grants nothing by itself. */
function isCurrent(
  { notBefore = 0, expiresAt = FOREVER }: Pick<SecretHash, "notBefore" | "expiresAt">,
  now: Instant,
): boolean {
  return notBefore <= now && now < expiresAt;
}

/**
 * The scope in which an id is unique: a client's tenant; for operators all tenants together, as several may list the
 * same operator.
 */
function placeOf({ tenant, role }: Presenter): string {
  return role === "operator" ? "" : tenant;
}

const nodeScrypt: Scrypt = (secret, hash) =>
  new Promise((resolve, reject) => {
    const N = 2 ** hash.logN;
    // OpenSSL requires a memory limit: what these parameters need, and some headroom.
    const options = { N, r: hash.r, p: hash.p, maxmem: 256 * N * hash.r + 1024 * 1024 };
    scrypt(secret, hash.salt, hash.digest.length, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
