import type { Instant } from "../../src/base/clock.ts";
import { type Call, isDone } from "./calls.ts";
import type { Kill } from "./oracle.ts";
import { type ClientId, tenantOf } from "./tenants.ts";

/** For how long what was given up may still be done, and a settlement take, in milliseconds. */
export const STRAGGLES = 30_000;

/** When a token ends by itself: at a moment between two. */
export interface Expiry {
  readonly earliest: Instant;
  readonly latest: Instant;
}

/** A token that a client was told. */
export interface Token {
  readonly kind: "access" | "refresh" | "id";
  readonly text: string;
  readonly tenant: string;
  readonly client: string;
  readonly subject: string | undefined;
  /** The mint that it comes from, by whatever refreshes. */
  readonly root: Call<"mint">;
  /** The access token that its mint was shown. */
  readonly shown: Token | undefined;
  /** The tokens that it was exchanged for: it ends with any of them. */
  readonly sources: readonly Token[];
  readonly grant: Grant | undefined;
  /** The key that it is bound to, as the JSON of its `cnf`. */
  readonly boundTo: string | undefined;
  readonly kid: string | undefined;
  /** The refresh key that a reference token's row is proven by. */
  readonly rowKey?: string | undefined;
  readonly expiry: Expiry;
  /** When it was told. */
  readonly toldAt: Instant;
  /** What may have ended it, or its grant. */
  readonly kills: Kill[];
  /** Whether it is not valid yet by a clock that was set back since: it was made when nothing could be written. */
  readonly mayBeAhead: boolean;
  /** Whether its signature was verified, once that is so: it stays so. */
  isVerified?: true;
}

/** A refresh token, and all attempts to use it. */
export interface RefreshToken extends Token {
  readonly grant: Grant;
  readonly generation: number;
  readonly attempts: Call<"refresh">[];
  /** When the first of the calls began that may have made it. */
  readonly madeFrom: Instant;
}

/** What a client knows of a grant: the refresh tokens that it was told, by generation. */
export interface Grant {
  readonly family: string;
  readonly rotates: boolean;
  /** Milliseconds. */
  readonly grace: number;
  readonly scopes: readonly string[];
  /** The tokens that it was exchanged for. */
  readonly sources: readonly Token[];
  /** The key of its client that it is bound to, as the JSON of its `cnf`. */
  readonly boundTo: string | undefined;
  readonly tokens: RefreshToken[];
  readonly kills: Kill[];
}

export function isRefreshToken(token: Token): token is RefreshToken {
  return token.kind === "refresh";
}

export function clientOf({ tenant, client, node }: Call) {
  const found = tenantOf(tenant, node.variant).clients.get(client as ClientId);
  if (found === undefined) throw new Error("the client is unknown");
  return found;
}

/** All tokens that one was derived from, over however many exchanges. */
export function ancestorsOf({ sources }: Pick<Token, "sources">): ReadonlySet<Token> {
  return new Set(sources.flatMap((source) => [source, ...ancestorsOf(source)]));
}

/** How many act for the subject of a token. */
export function actorsOf({ sources: [subject, actor] }: Token): number {
  return (subject === undefined ? 0 : actorsOf(subject)) + (actor === undefined ? 0 : 1);
}

/** A time cut off where the first of the sources ends. */
function within(expiry: Expiry, sources: readonly Token[]): Expiry {
  return {
    earliest: Math.min(expiry.earliest, ...sources.map((source) => source.expiry.earliest)),
    latest: Math.min(expiry.latest, ...sources.map((source) => source.expiry.latest)),
  };
}

export function newGrant(
  call: Call<"mint">,
  refreshToken: string,
  scopes: readonly string[],
  sources: readonly Token[],
  boundTo: string | undefined,
): Grant {
  const { refreshTokenUsage, refreshGrace } = clientOf(call);
  const family = refreshToken.split(".")[1] ?? "";
  const settings = { rotates: refreshTokenUsage === "rotate", grace: refreshGrace * 1000 };
  return { family, ...settings, scopes, sources, boundTo, tokens: [], kills: [] };
}

/** When a refresh token ends that a mint or refresh gave, to what clocks differ. */
export function slidingEnd(root: Call, mover: Call): Instant {
  const { slidingRefreshTokenLifetime: sliding, absoluteRefreshTokenLifetime: absolute } = clientOf(mover);
  return Math.min(mover.start + sliding * 1000, root.start + absolute * 1000);
}

/** The same as a node sees it, whose configuration may be another by now. */
export function refreshExpiry({ grant, root, expiry, attempts, madeFrom }: RefreshToken, call: Call): Expiry {
  const viewer = clientOf({ ...call, client: root.client });
  const capped = root.start + viewer.absoluteRefreshTokenLifetime * 1000;
  const sliding = viewer.slidingRefreshTokenLifetime * 1000;
  // Every attempt may have moved the end of the row; where tokens are reused, one that straggles may move it back.
  const before = attempts.filter((attempt) => attempt !== call && attempt.start < call.end);
  // One that overlaps the call may have come too late for it.
  const done = grant.rotates ? undefined : before.findLast((other) => isDone(other) && other.end <= call.start);
  const recent = before.filter((attempt) => done === undefined || attempt.end >= done.start - STRAGGLES);
  const own = done === undefined ? [expiry.earliest, madeFrom + sliding - call.off] : [];
  const ends = recent.map((by) => Math.min(slidingEnd(root, by), by.start + sliding) - call.off);
  const latest = Math.max(expiry.latest, ...before.map((by) => slidingEnd(root, by) + call.off));
  const all = { earliest: Math.min(...own, ...ends, capped - call.off), latest: Math.min(latest, capped + call.off) };
  return within(all, grant.sources);
}
