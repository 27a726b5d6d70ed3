import { createHash, createHmac } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Clock, Instant } from "../base/clock.ts";
import { LruMap } from "../base/lru-map.ts";
import type { KeyUse } from "../store/port.ts";
import { isCompactJws } from "../token/compact-jws.ts";
import { parseJti } from "../token/jti.ts";
import { leftHalfHash, type SigningKey } from "./algorithms.ts";
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

/** How many verified tokens are remembered: of the largest size they take some 16 MiB. */
const MAX_VERIFIED = 1024;

/** A tenant's keys, as the store had them when they were last read, at any moment that is asked for. */
export class Keyring implements TenantKeyring {
  readonly #reader: KeyReader;
  readonly #rotator: Rotator;
  readonly #policy: () => KeyringPolicy;
  readonly #clock: Clock;
  /** What is known to be signed by us, by its digest: a resource server asks about one token many times. */
  readonly #verified = new LruMap<string, VerifiedJwt>(MAX_VERIFIED);

  constructor(reader: KeyReader, rotator: Rotator, policy: () => KeyringPolicy, clock: Clock) {
    this.#reader = reader;
    this.#rotator = rotator;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** The key that signs at that moment, as it is for one request: all tokens of the request bear its kid. */
  signer(now: Instant): Signer {
    const key = activeKey(this.#fresh(now).signing, now)?.material;
    if (key === undefined) throw new KeyUnavailableError("No signing key is active.");
    return {
      kid: key.kid,
      algorithm: key.algorithm,
      sign: (claims) => key.sign(claims),
      leftHalfHash: (text) => leftHalfHash(key.algorithm, text),
    };
  }

  /**
   * The claims of a token that this tenant signed, whatever its `iss`. It need be neither alive nor an access token: that is
   * for the engine to see.
   */
  async verify(jwt: string, now: Instant): Promise<VerifiedJwt | undefined> {
    const kid = kidOf(jwt);
    if (kid === undefined) return undefined;
    // The key is looked at every time: what it signed is worth no more than it is.
    const key = await this.#publishedKey(jwt, kid, now);
    if (key === undefined) return undefined;
    // By a digest, so that what is remembered is no list of live tokens.
    const digest = createHash("sha256").update(jwt).digest("base64url");
    const known = this.#verified.get(digest);
    if (known !== undefined) return known;
    const claims = await key.material.verify(jwt);
    if (claims === undefined) return undefined;
    this.#verified.set(digest, { kid, claims });
    return { kid, claims };
  }

  /**
   * What verifiers are to know. A node that could not read its keys for too long publishes none, rather than a list that may
   * hold a compromised key.
   */
  jwks(now: Instant): { readonly keys: readonly PublicJwk[] } {
    return { keys: this.#published(this.#fresh(now), now).map(({ material }) => material.publicJwk) };
  }

  /** The generation under which refresh tokens and rows are made at that moment. */
  macGeneration(now: Instant): number {
    const key = activeKey(this.#fresh(now).refresh, now);
    if (key === undefined) throw new KeyUnavailableError("No key for refresh tokens is active.");
    return key.generation;
  }

  /** A generation that is not known yet may be another node's, of just now: reads the keys, in turn with others who ask. */
  async awaitRefreshKey(generation: number): Promise<void> {
    const isKnown = ({ refresh }: Snapshot) => refresh.some((key) => key.generation === generation);
    if (!isKnown(this.#reader.snapshot)) await this.#reader.readInTurn();
  }

  /**
   * The MAC under any generation that is known, retired ones too: what they made lives until it expires. Whether the
   * generation is compromised is for the caller to look up, in the store rather than here.
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

  async read(): Promise<void> {
    await this.#reader.read();
  }

  poll(): Promise<void> {
    return this.#rotator.poll();
  }

  rotate(order: RotationOrder): Promise<Rotation> {
    return this.#rotator.rotate(order);
  }

  /** What is made or published with keys is so with none that may be out of date. */
  #fresh(now: Instant): Snapshot {
    const { snapshot } = this.#reader;
    if (!isFresh(snapshot, this.#policy(), now)) {
      throw new KeyUnavailableError("The keys could not be read for too long.");
    }
    return snapshot;
  }

  /** The key of that kid, if what it signed is accepted. A kid that nobody knows may be another node's, of just now. */
  async #publishedKey(jwt: string, kid: string, now: Instant): Promise<OpenedKey<SigningKey> | undefined> {
    const isThis = (key: OpenedKey<SigningKey>) => key.kid === kid;
    if (this.#reader.snapshot.signing.some(isThis)) return this.#published(this.#reader.snapshot, now).find(isThis);
    if (!this.#mayBeNew(jwt, now)) return undefined;
    return this.#published(await this.#reader.readInTurn(), this.#clock.now()).find(isThis);
  }

  /** Spares the store a read for a token that no key of ours can have signed. */
  #mayBeNew(jwt: string, now: Instant): boolean {
    const minted = claimedMoment(jwt);
    return minted !== undefined && mayBeOfMissingKey(minted, this.#reader.snapshot, this.#policy(), now);
  }

  #published(snapshot: Snapshot, now: Instant): readonly OpenedKey<SigningKey>[] {
    const policy = this.#policy();
    return snapshot.signing.filter((key) => isPublished(key, snapshot, policy, now));
  }
}

/** The kid of a JWT, if it could be one of ours: a thumbprint. */
function kidOf(jwt: string): string | undefined {
  if (!isCompactJws(jwt)) return undefined;
  try {
    const { kid } = decodeProtectedHeader(jwt);
    return kid !== undefined && /^[A-Za-z0-9_-]{43}$/.test(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** When a JWT says that it was minted: by its `jti`, or to the second by its `iat`; undefined if none of ours says so. */
function claimedMoment(jwt: string): { readonly earliest: Instant; readonly latest: Instant } | undefined {
  try {
    const { jti, iat } = decodeJwt(jwt);
    const moment = typeof jti === "string" ? parseJti(jti)?.issuedAt : undefined;
    if (moment !== undefined) return { earliest: moment, latest: moment };
    return typeof iat === "number" ? { earliest: iat * 1000, latest: iat * 1000 + 999 } : undefined;
  } catch {
    return undefined;
  }
}
