import { createHmac, hash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Clock, Instant } from "../base/clock.ts";
import { LruMap } from "../base/lru-map.ts";
import type { KeyUse } from "../store/port.ts";
import type { Emit } from "../telemetry/events.ts";
import { isCompactJws } from "../token/compact-jws.ts";
import { parseJti } from "../token/jti.ts";
import { leftHalfHash, type SigningKey } from "./algorithms.ts";
import { nextDue } from "./due.ts";
import {
  type KeyDescription,
  KeyUnavailableError,
  type PublicJwk,
  type Rotation,
  type RotationOrder,
  type Signer,
  type TenantKeyring,
  type VerifiedJwt,
} from "./port.ts";
import type { KeyReader } from "./reader.ts";
import type { Rotator } from "./rotator.ts";
import { activeKey, describeKeys, isFresh, isPublished, type KeyringPolicy, mayBeOfMissingKey } from "./schedule.ts";
import { type OpenedKey, oldRowsUntil, type Snapshot } from "./snapshot.ts";

/** How many verified tokens are remembered: at their largest they take some 16 MiB. */
const MAX_VERIFIED = 1024;

/** A tenant's keys as of the last read, for any time that a caller asks about. */
export class Keyring implements TenantKeyring {
  readonly #reader: KeyReader;
  readonly #rotator: Rotator;
  readonly #policy: () => KeyringPolicy;
  readonly #clock: Clock;
  /**
   * Tokens known to be signed by this tenant, by their digest: a resource server introspects the same token many times.
   */
  readonly #verified = new LruMap<string, VerifiedJwt>(MAX_VERIFIED);

  constructor(reader: KeyReader, rotator: Rotator, policy: () => KeyringPolicy, clock: Clock) {
    this.#reader = reader;
    this.#rotator = rotator;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** The key that signs at `now`. A request takes it once, so that all its tokens bear the same kid. */
  signer(now: Instant): Signer {
    const key = activeKey(this.#fresh(now).signing, now)?.material;
    if (key === undefined) throw new KeyUnavailableError("No signing key is active.");
    return {
      kid: key.kid,
      algorithm: key.algorithm,
      sign: (claims, typ) => key.sign(claims, typ),
      leftHalfHash: (text) => leftHalfHash(key.algorithm, text),
    };
  }

  /**
   * Returns the type and the claims of a token that this tenant signed, whatever its `iss`. It may have expired, and need
   * not be an access token: the engine checks that.
   */
  async verify(jwt: string, now: Instant): Promise<VerifiedJwt | undefined> {
    // By a digest, so that memory does not hold a list of live tokens.
    const digest = hash("sha256", jwt, "base64url");
    const known = this.#verified.get(digest);
    const header = known ?? headerOf(jwt);
    if (header === undefined) return undefined;
    // The key is checked every time, even for a remembered token: the key may have been compromised or retired since.
    const key = this.#isKnown(header.kid)
      ? this.#publishedKey(this.#reader.snapshot, header.kid, now)
      : await this.#newKey(jwt, header.kid, now);
    if (key === undefined) return undefined;
    if (known !== undefined) return known;
    const claims = await key.material.verify(jwt);
    if (claims === undefined) return undefined;
    const verified = { ...header, claims };
    this.#verified.set(digest, verified);
    return verified;
  }

  /**
   * The keys for verifiers. A node that could not read its keys for too long publishes none, rather than a list that
   * may contain a compromised key.
   */
  jwks(now: Instant): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#published(this.#fresh(now), now).map(({ material }) => material.publicJwk) };
  }

  /** The generation of the refresh key that authenticates new refresh tokens and rows at `now`. */
  macGeneration(now: Instant): number {
    const key = activeKey(this.#fresh(now).refresh, now);
    if (key === undefined) throw new KeyUnavailableError("No key for refresh tokens is active.");
    return key.generation;
  }

  /** Another node may have made an unknown generation a moment ago: reads the keys then, in turn with others who ask. */
  awaitRefreshKey(generation: number): Promise<unknown> | undefined {
    const isKnown = this.#reader.snapshot.refresh.some((key) => key.generation === generation);
    return isKnown ? undefined : this.#reader.readInTurn();
  }

  /**
   * The MAC under any known generation, retired ones too: what they made lives until it expires. Whether the generation
   * is compromised is for the caller to look up in the store, which is never out of date.
   */
  mac(generation: number, text: string): string | undefined {
    const key = this.#reader.snapshot.refresh.find((candidate) => candidate.generation === generation);
    return key && createHmac("sha256", key.material).update(text).digest("base64url");
  }

  oldRowsUntil(): Instant {
    return oldRowsUntil(this.#reader.snapshot);
  }

  describe(now: Instant): readonly KeyDescription[] {
    const uses: readonly KeyUse[] = ["signing", "refresh"];
    const { snapshot } = this.#reader;
    return uses.flatMap((use) => describeKeys(snapshot, use, this.#policy(), now));
  }

  dueAt(now: Instant): Instant {
    return nextDue(this.#reader.snapshot, this.#policy(), now);
  }

  async read(): Promise<void> {
    await this.#reader.read();
  }

  poll(): Promise<void> {
    return this.#rotator.poll();
  }

  rotate(order: RotationOrder, emit: Emit): Promise<Rotation> {
    return this.#rotator.rotate(order, emit);
  }

  /** The keys for signing and publishing: never out-of-date ones. */
  #fresh(now: Instant): Snapshot {
    const { snapshot } = this.#reader;
    if (!isFresh(snapshot, this.#policy(), now)) {
      throw new KeyUnavailableError("The keys could not be read for too long.");
    }
    return snapshot;
  }

  #isKnown(kid: string): boolean {
    return this.#reader.snapshot.signing.some((key) => key.kid === kid);
  }

  /** Another node may have made an unknown key a moment ago. */
  async #newKey(jwt: string, kid: string, now: Instant): Promise<OpenedKey<SigningKey> | undefined> {
    if (!this.#mayBeNew(jwt, now)) return undefined;
    return this.#publishedKey(await this.#reader.readInTurn(), kid, this.#clock.now());
  }

  /** The key with that kid, if tokens that it signed are accepted. */
  #publishedKey(snapshot: Snapshot, kid: string, now: Instant): OpenedKey<SigningKey> | undefined {
    return this.#published(snapshot, now).find((key) => key.kid === kid);
  }

  /** Spares the store a read for a token that no missing key can have signed. */
  #mayBeNew(jwt: string, now: Instant): boolean {
    const minted = claimedTime(jwt);
    return minted !== undefined && mayBeOfMissingKey(minted, this.#reader.snapshot, this.#policy(), now);
  }

  #published(snapshot: Snapshot, now: Instant): readonly OpenedKey<SigningKey>[] {
    const policy = this.#policy();
    return snapshot.signing.filter((key) => isPublished(key, snapshot, policy, now));
  }
}

/** The kid and the type of a JWT, if its kid has the form of this mint's: a thumbprint. */
function headerOf(jwt: string): Pick<VerifiedJwt, "kid" | "typ"> | undefined {
  if (!isCompactJws(jwt)) return undefined;
  try {
    const { kid, typ } = decodeProtectedHeader(jwt);
    return kid !== undefined && /^[A-Za-z0-9_-]{43}$/.test(kid) ? { kid, typ } : undefined;
  } catch {
    return undefined;
  }
}

/** When a JWT claims to have been issued: by its `jti`, or to the second by its `iat`; undefined if it has neither. */
function claimedTime(jwt: string): { readonly earliest: Instant; readonly latest: Instant } | undefined {
  try {
    const { jti, iat } = decodeJwt(jwt);
    const issuedAt = typeof jti === "string" ? parseJti(jti)?.issuedAt : undefined;
    if (issuedAt !== undefined) return { earliest: issuedAt, latest: issuedAt };
    return typeof iat === "number" ? { earliest: iat * 1000, latest: iat * 1000 + 999 } : undefined;
  } catch {
    return undefined;
  }
}
