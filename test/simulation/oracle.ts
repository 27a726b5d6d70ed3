import type { Instant } from "../../src/base/clock.ts";
import type { Introspection, TokenSet } from "../../src/engine/request.ts";
import { MAX_LEAD } from "../../src/engine/tokens/revoke-subject.ts";
import type { PublicJwk } from "../../src/keyring/port.ts";
import { bindingOf, holds, lacksKey, mayRefresh, toldBinding } from "./bindings.ts";
import { type Call, is, isDone, isRefused, mayHaveActed } from "./calls.ts";
import type { Clocks } from "./clocks.ts";
import { claimsOf, headerKid, verifyWith } from "./cryptography.ts";
import type { Records } from "./records.ts";
import { EXTRA_SCOPE, KEY_TIMES, OWN_SUBJECT, REGISTRY_TIMES, tenantOf } from "./tenants.ts";
import {
  ancestorsOf,
  type Grant,
  isRefreshToken,
  newGrant,
  type RefreshToken,
  refreshExpiry,
  STRAGGLES,
  slidingEnd,
  type Token,
} from "./tokens.ts";

/** Something that must never be so. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: number;

  constructor(invariant: number, message: string) {
    super(`invariant ${invariant} is violated: ${message}`);
    this.invariant = invariant;
  }
}

/** Something that was done, or tried, which may have ended tokens. */
export interface Kill {
  readonly call: Call;
  /** Whether it has an effect, as far as its caller knows. */
  effect(): Effect;
  covers(token: Token): "no" | "maybe" | "yes";
  /** The effect, once the call has ended. */
  known?: Effect;
}
type Effect = "none" | "maybe" | "sure";

/**
 * Knows what clients were told and when, and checks every answer against it. Of what the store did (`records`) it uses
 * only when a grant's row moved and when keys were written, if the promises are about just that.
 */
export class Oracle {
  readonly accessTokens: Token[] = [];
  readonly refreshTokens: RefreshToken[] = [];
  readonly idTokens: Token[] = [];
  readonly #records: Records;
  readonly #clocks: Clocks;
  readonly #byText = new Map<string, Token>();
  /** What may end tokens by what they bear. */
  readonly #sweepingKills: Kill[] = [];
  /** What calls that are under way may end. */
  readonly #underWay = new Map<Call, Kill[]>();
  /** Why the token that was looked at last is not alive, for the message. */
  #reason = "";
  readonly #kidsSeenAt = new Map<string, Instant>();

  constructor(records: Records, clocks: Clocks) {
    this.#records = records;
    this.#clocks = clocks;
  }

  /** A call begins: from now on it may have effects. */
  begin(call: Call): void {
    if (is(call, "refresh")) this.#beginRefresh(call);
    if (is(call, "revoke")) this.#beginRevoke(call);
    if (is(call, "revokeClient")) this.#sweepingKills.push(this.#add(this.#clientKill(call)));
    if (is(call, "rotate") && call.request.mode === "compromised")
      this.#sweepingKills.push(this.#add(this.#keyKill(call)));
  }

  /** A call has ended: throws a {@link Violation} if its outcome cannot be right. */
  end(call: Call): void {
    for (const kill of this.#underWay.get(call) ?? []) kill.known = kill.effect();
    this.#underWay.delete(call);
    this.#checkRefusal(call);
    if (is(call, "mint")) this.#endMint(call);
    if (is(call, "refresh")) this.#endRefresh(call);
    if (is(call, "introspect")) this.#endIntrospect(call);
    if (is(call, "jwks")) this.#endJwks(call);
  }

  /** A resource server looks at a token now, with a JWKS that it may still use. */
  verifyOffline(token: Token, keys: readonly PublicJwk[], now: Instant): void {
    const { off } = this.#clocks;
    if (token.kid === undefined || now + off >= token.expiry.earliest) return;
    const key = keys.find(({ kid }) => kid === token.kid);
    if (key !== undefined) {
      expect(token.isVerified ?? verifyWith(key, token.text) !== undefined, 1, "a told JWT does not verify");
      token.isVerified = true;
      return;
    }
    const row = this.#records.signingKey(token.tenant, token.kid);
    const mayBeRevoked = this.#sweepingKills.some(
      (kill) => (kill.known ?? kill.effect()) !== "none" && kill.covers(token) !== "no",
    );
    const urgent = row.activateAt - row.createdAt < KEY_TIMES.publishAhead * 1000;
    const known = row.appliedAt + (KEY_TIMES.keyMaxStaleness + KEY_TIMES.jwksMaxAge) * 1000 + 2 * off;
    expect(mayBeRevoked || (urgent && now <= known), 4, "an offline verifier meets an unknown kid");
    const asked = row.generation === 1 || this.#records.urgentOrders.has(token.tenant);
    expect(!urgent || asked, 4, "a key was activated in a hurry that nobody asked for");
  }

  /** Whatever revokes a token revokes what was derived from it, however long the chain of exchanges. */
  #endExchange(call: Call<"mint">): void {
    const { subjectToken, actorToken } = call.request;
    const texts = [subjectToken, actorToken].filter((text) => text !== undefined);
    const sources = texts.map((text) => this.#byText.get(text));
    const fates = sources.map((source) => (this.#isUsable(source, call) ? this.#fate(source, call) : "dead"));
    if (isRefused(call, "invalid_request") && call.flaw === undefined)
      expect(!fates.every((fate) => fate === "alive"), 1, "an exchange refused live tokens");
    if (!isDone(call)) return;
    const presented = sources.filter((source) => source !== undefined);
    for (const one of presented) expect(holds(call, one), 11, "a bound token was exchanged without its key");
    expect(!fates.includes("dead"), 9, `an exchange took a token that is dead ${this.#reason}`);
    const { refreshToken, scopes } = call.outcome.answer;
    const boundTo = bindingOf(call, presented);
    const grant = refreshToken === undefined ? undefined : newGrant(call, refreshToken, scopes, presented, boundTo);
    const subject = presented[0]?.subject;
    const derived = this.#noteTokens(call, call, grant, subject, call.outcome.answer, presented, boundTo);
    for (const { expiry } of presented)
      expect(derived.expiry.earliest <= expiry.latest, 9, "a derived token outlives what it was derived from");
    if (grant === undefined || refreshToken === undefined) return;
    this.#noteRefreshToken(call, call, grant, subject, refreshToken, 0, [call]);
  }

  /** Whether the caller may see a token of a tenant, and holds its key: then it can exchange it. */
  #isUsable(token: Token | undefined, call: Call): token is Token {
    if (token === undefined || token.kind === "refresh" || token.tenant !== call.tenant) return false;
    if (!holds(call, token)) return false;
    return token.client === call.client || seesAll(call);
  }

  #endMint(call: Call<"mint">): void {
    if (call.request.subjectToken !== undefined) {
      this.#endExchange(call);
      return;
    }
    const source = call.request.accessToken === undefined ? undefined : this.#byText.get(call.request.accessToken);
    if (call.request.accessToken !== undefined && call.flaw === undefined) {
      const isUsable = source?.tenant === call.tenant && source.kind === "access" && holds(call, source);
      const fate = isUsable ? this.#fate(source, call) : "dead";
      if (isDone(call) && source !== undefined)
        expect(holds(call, source), 11, "a bound access_token was shown without its key");
      if (isDone(call)) expect(fate !== "dead", 1, `a mint took an access_token that is dead ${this.#reason}`);
      if (isRefused(call, "invalid_grant")) expect(fate !== "alive", 1, "a mint refused a live access_token");
    }
    if (!isDone(call)) return;
    const given = call.request.arbitraryClaims as { readonly sub?: string } | undefined;
    const authority = /^id_token of (.+)$/.exec(call.request.idToken ?? "")?.[1];
    const granted = source?.subject ?? call.request.subject ?? authority ?? given?.sub;
    const subject = granted ?? (call.client === OWN_SUBJECT ? OWN_SUBJECT : undefined);
    const { refreshToken, scopes } = call.outcome.answer;
    const boundTo = bindingOf(call, source === undefined ? [] : [source]);
    const grant = refreshToken === undefined ? undefined : newGrant(call, refreshToken, scopes, [], boundTo);
    this.#noteTokens(call, call, grant, subject, call.outcome.answer, [], boundTo);
    if (grant === undefined || refreshToken === undefined) return;
    this.#noteRefreshToken(call, call, grant, subject, refreshToken, 0, [call]);
  }

  #beginRefresh(call: Call<"refresh">): void {
    const token = this.#ownRefreshToken(call);
    // Whoever has not the key of a grant can neither move nor end it.
    if (token === undefined || !mayRefresh(call, token.grant)) return;
    token.attempts.push(call);
    const kill: Kill = {
      call,
      covers: () => "yes",
      effect: () => {
        if (call.outcome?.kind === "done" || (call.outcome?.kind === "refused" && !mayHaveActed(call, "invalid_grant")))
          return "none";
        const reuse = this.#reuse(token, call);
        if (reuse === "no") return "none";
        // What is dead anyway, or bears a compromised key, proves nothing and ends nothing.
        const isCertain = reuse === "certain" && isRefused(call, "invalid_grant");
        return isCertain && this.#fate(token, call, "superseded or not") === "alive" ? "sure" : "maybe";
      },
    };
    token.grant.kills.push(this.#add(kill));
  }

  #endRefresh(call: Call<"refresh">): void {
    const token = this.#ownRefreshToken(call);
    if (token === undefined) {
      expect(!isDone(call), 5, "a refresh token works for another");
      return;
    }
    const { grant } = token;
    if (!mayRefresh(call, grant)) {
      expect(!isDone(call), 11, "a bound refresh token was refreshed without its key");
      return;
    }
    if (isRefused(call, "invalid_grant")) {
      this.#checkLockout(token, call);
      return;
    }
    if (!isDone(call)) return;
    expect(
      this.#fate(token, call, "superseded or not") !== "dead",
      token.sources.length > 0 ? 9 : 2,
      `a refresh token was refreshed that is dead ${this.#reason}`,
    );
    expect(this.#reuse(token, call) !== "certain", 3, "a replayed refresh token was refreshed outside the grace");
    const { refreshToken = "" } = call.outcome.answer;
    const generation = grant.rotates ? token.generation + 1 : token.generation;
    const known = grant.tokens[generation];
    const otherWinner = token.attempts.some((other) => other !== call && other.outcome?.kind === "done");
    expect(!(grant.rotates && grant.grace === 0 && otherWinner), 3, "without a grace two callers won");
    expect(known === undefined || known.text === refreshToken, 3, "a grant fanned out into two refresh tokens");
    if (known === undefined)
      this.#noteRefreshToken(call, token.root, grant, token.subject, refreshToken, generation, token.attempts);
    const boundTo = bindingOf(call, [grant]);
    this.#noteTokens(call, token.root, grant, token.subject, call.outcome.answer, grant.sources, boundTo);
  }

  /** A refresh was refused: nobody may be locked out but for a reason. */
  #checkLockout(token: RefreshToken, call: Call<"refresh">): void {
    const { grant } = token;
    const { variant } = call.node;
    const configured = variant.disabled === call.client || (!variant.extraScope && grant.scopes.includes(EXTRA_SCOPE));
    if (configured || this.#fate(token, call, "superseded or not") !== "alive") return;
    expect(this.#reuse(token, call) !== "no", 3, "a client within the grace was locked out");
    const row = this.#records.versions(grant.family).at(-1);
    const mover = row?.by;
    if (row?.generation !== token.generation + 1 || row.reconciled || mover === undefined) return;
    if (grant.grace === 0 || !isRefused(mover, "temporarily_unavailable") || !mover.node.alive) return;
    const waited = call.start - STRAGGLES;
    const reconciledByNow = mover.end < waited && mover.node.lastFailure < waited;
    expect(
      mover.node !== call.node && !reconciledByNow,
      3,
      "a client was locked out, though its node lived to reconcile it",
    );
  }

  #beginRevoke(call: Call<"revoke">): void {
    const { token: text = "", tokenTypeHint, revokeAllSubjects = false } = call.request;
    if (tokenTypeHint === "subject") {
      this.#sweepingKills.push(this.#add(this.#subjectKill(call, text, revokeAllSubjects, () => plainEffect(call))));
      return;
    }
    const token = this.#byText.get(text);
    if (token === undefined || token.tenant !== call.tenant || token.client !== call.client) return;
    if (token.kind === "id") return;
    const wasAlive = () => (call.outcome === undefined ? "either" : this.#fate(token, call, "at its revocation"));
    const kill: Kill = {
      call,
      covers: () => "yes",
      // A token that nobody would accept any more may not even be read.
      effect: () =>
        token.kind === "refresh" || wasAlive() === "alive" ? plainEffect(call) : weaker(plainEffect(call)),
    };
    token.kills.push(this.#add(kill));
    token.grant?.kills.push(kill);
    if (!revokeAllSubjects || token.subject === undefined) return;
    const effect = () => {
      const fate = wasAlive();
      return fate === "alive" ? plainEffect(call) : fate === "dead" ? "none" : weaker(plainEffect(call));
    };
    this.#sweepingKills.push(this.#add(this.#subjectKill(call, token.subject, true, effect)));
  }

  #subjectKill(call: Call, subject: string, wholeNamespace: boolean, effect: Kill["effect"]): Kill {
    const namespaceOf = (client: string) => tenantOf(call.tenant, call.node.variant).clients.get(client)?.namespace;
    const namespace = wholeNamespace ? namespaceOf(call.client) : undefined;
    const isMeant = (token: Token) =>
      token.subject === subject &&
      (token.client === call.client || (namespace !== undefined && namespaceOf(token.client) === namespace));
    return this.#watermarkKill(call, call.client, isMeant, effect);
  }

  #clientKill(call: Call<"revokeClient">): Kill {
    const { client = "" } = call.request;
    return this.#watermarkKill(
      call,
      client,
      (token) => token.client === client,
      () => plainEffect(call),
    );
  }

  /** Ends what bears the same and was minted up to now. */
  #watermarkKill(call: Call, client: string, isMeant: (token: Token) => boolean, effect: Kill["effect"]): Kill {
    const isOneClock = this.#clocks.kind !== "many";
    // Half a second of a clock that was set back takes a second: it goes at half its pace.
    const lead = (MAX_LEAD + 4 * this.#clocks.skew) * (isOneClock ? 2 : 1);
    return {
      call,
      effect,
      covers(token) {
        if (token.tenant !== call.tenant || !isMeant(token)) return "no";
        // What was minted from what is dead saw that alive, so it was minted in time to be dead too.
        if (token.root.end <= call.start || (token.shown !== undefined && isOlder(token.shown, client, call)))
          return "yes";
        // A revocation that was not answered may lie a little ahead of when it was given up.
        const until = call.outcome?.kind === "done" ? call.end : call.end + lead;
        // An id_token tells its time to the second.
        if (token.root.start - (token.kind === "id" ? 1000 : 0) < until) return "maybe";
        // What a process mints that cannot write bears an older moment: another's revocation may end it too.
        return isOneClock && token.root.unheard ? "maybe" : "no";
      },
    };
  }

  #keyKill(call: Call<"rotate">): Kill {
    return {
      call,
      effect: () => plainEffect(call),
      covers: (token) => {
        const { use = "signing", kid } = call.request;
        const refreshKey = token.kind === "refresh" ? token.text.split(".")[0] : token.rowKey;
        const name = use === "signing" ? token.kid : refreshKey;
        if (token.tenant !== call.tenant || name === undefined) return "no";
        if (kid !== undefined) return kid === name ? "yes" : "no";
        if (isDone(call)) {
          const compromised = call.outcome.answer.keys.filter(({ state }) => state === "compromised");
          return compromised.some((key) => (key.kid ?? String(key.generation)) === name) ? "yes" : "no";
        }
        return use === "refresh" || (this.#kidsSeenAt.get(name) ?? 0) <= call.end + 2 * STRAGGLES ? "maybe" : "no";
      },
    };
  }

  #endIntrospect(call: Call<"introspect">): void {
    if (!isDone(call)) return;
    const answer: Introspection = call.outcome.answer;
    const token = this.#byText.get(call.request.token ?? "");
    const isVisible =
      token?.tenant === call.tenant &&
      (token.client === call.client || (token.kind === "access" && seesAll(call))) &&
      token.kind !== "id";
    if (token === undefined || !isVisible) {
      expect(!answer.active, 5, "a token is active for another");
      return;
    }
    const fate = this.#fate(token, call);
    const promise = token.sources.length > 0 ? 9 : 2;
    if (answer.active)
      expect(fate !== "dead", fate === "dead" ? promise : 1, `a token is active that is dead ${this.#reason}`);
    else expect(fate !== "alive", 1, "a live token is inactive");
    if (!answer.active) return;
    if (token.kind === "access") {
      const told = answer.cnf === undefined ? undefined : JSON.stringify(answer.cnf);
      expect(told === token.boundTo, 11, "an introspection tells of another key, or of none");
    }
    expect(answer.client_id === token.client && answer.sub === token.subject, 5, "a token tells of another");
  }

  #endJwks(call: Call<"jwks">): void {
    if (!isDone(call)) return;
    for (const { kid } of call.outcome.answer.keys) {
      const revokedAt = this.#records.keyRevokedAt(call.tenant, String(kid));
      expect(revokedAt === undefined || revokedAt >= call.polledAt, 4, "a compromised key is published");
    }
  }

  /** Every refusal is one that is documented for that state. */
  #checkRefusal(call: Call): void {
    const { flaw, node } = call;
    if (isDone(call)) {
      expect(flaw === undefined, 6, `what is to be refused as ${flaw} was done`);
      return;
    }
    if (call.outcome?.kind !== "refused") return;
    const { code, usedUp } = call.outcome;
    // Of limits and of assertions others know.
    if (code === flaw || usedUp !== undefined || (call.assertion !== undefined && code === "invalid_client")) return;
    const grant = is(call, "refresh") ? this.#ownRefreshToken(call)?.grant : undefined;
    if (lacksKey(call, grant, code)) return;
    if (code === "temporarily_unavailable") {
      // A poll that fails is tried again soon, so a node that has not polled for so long had trouble not long ago.
      const hadTrouble = Math.max(node.lastFailure, node.lastSlow) >= call.start - 3 * KEY_TIMES.keyPollEvery * 1000;
      const isStale = (since: Instant, most: number) => {
        const staleAt = since + most * 1000;
        return call.start + 2 * call.off >= staleAt && (call.start < staleAt || hadTrouble);
      };
      const stale =
        isStale(call.polledAt, KEY_TIMES.keyMaxStaleness) ||
        isStale(call.registryReadAt, REGISTRY_TIMES.registryMaxStaleness);
      const withoutKey = [-1, -0.5, 0, 0.5, 1].some((part) =>
        this.#records.lacksKey(call.tenant, call.start + part * call.off, call.polledAt),
      );
      // A revocation up to now is written in time, or not at all.
      const isLate = (is(call, "revoke") || is(call, "revokeClient")) && node.lastSlow >= call.start;
      expect(node.lastFailure >= call.start || stale || withoutKey || isLate, 6, "unavailable without any fault");
      return;
    }
    const judged = is(call, "refresh") || (is(call, "mint") && call.request.accessToken !== undefined);
    const isExchange = is(call, "mint") && call.request.subjectToken !== undefined;
    const expected = isExchange ? code === "invalid_request" : judged && code === "invalid_grant";
    expect(expected, 6, `refused as ${code}, expected ${flaw ?? "an answer"}`);
  }

  /** Whether a token must be alive for all of a call, or dead; "superseded or not": whatever was made from it. */
  #fate(token: Token, call: Call, look?: "superseded or not" | "at its revocation"): "alive" | "dead" | "either" {
    let fate: "alive" | "either" = token.mayBeAhead ? "either" : "alive";
    for (const one of [token, ...ancestorsOf(token)]) {
      const killed = this.#killed(one, call);
      if (killed === "dead") return "dead";
      if (killed === "either") fate = "either";
    }
    this.#reason = "by its time";
    const { earliest, latest } = isRefreshToken(token) ? refreshExpiry(token, call) : token.expiry;
    if (call.start - call.off >= latest) return "dead";
    // An answer is of some moment of its call.
    if (call.end + call.off >= earliest) fate = "either";
    if (look !== "superseded or not" && isRefreshToken(token)) {
      const { grant, generation, attempts } = token;
      if ((grant.tokens[generation + 1]?.toldAt ?? Number.POSITIVE_INFINITY) <= call.start) return "dead";
      if (grant.rotates && attempts.some(({ start }) => start < call.end)) fate = "either";
    }
    return fate;
  }

  /** Whether a token is dead for another reason than its time. */
  #killed(token: Token, call: Call): "alive" | "dead" | "either" {
    let fate: "alive" | "either" = "alive";
    this.#reason = "as its client is disabled";
    if (call.node.variant.disabled === token.client) return "dead";
    // An id_token does not tell its grant.
    const ofGrant = token.kind === "id" ? [] : (token.grant?.kills ?? []);
    for (const kill of [...token.kills, ...ofGrant, ...this.#sweepingKills]) {
      if (kill.call === call || kill.call.start >= call.end) continue;
      const covers = kill.covers(token);
      const effect = covers === "no" ? "none" : (kill.known ?? kill.effect());
      if (effect === "none") continue;
      this.#reason = `by #${kill.call.id}`;
      if (effect === "sure" && covers === "yes" && kill.call.end <= call.start) return "dead";
      fate = "either";
    }
    return fate;
  }

  /** Whether a refresh had to be taken for a replay, by when its grant's row moved. */
  #reuse({ grant, generation }: RefreshToken, call: Call<"refresh">): "no" | "possible" | "certain" {
    const seen = this.#records.versions(grant.family).filter((v) => v.from <= call.end && v.until >= call.start);
    const hasGrace = (v: { generation: number }) => grant.grace > 0 && v.generation === generation + 1;
    const inside = seen.every(
      (v) => v.generation <= generation || (hasGrace(v) && call.start + call.off < v.movedAt - call.off + grant.grace),
    );
    if (inside) return "no";
    const outside = seen.every(
      (v) => v.generation > generation && !(hasGrace(v) && call.start - call.off < v.movedAt + call.off + grant.grace),
    );
    return outside ? "certain" : "possible";
  }

  #add(kill: Kill): Kill {
    this.#underWay.set(kill.call, [...(this.#underWay.get(kill.call) ?? []), kill]);
    return kill;
  }

  #ownRefreshToken(call: Call<"refresh">): RefreshToken | undefined {
    const token = this.#byText.get(call.request.refreshToken ?? "");
    if (token === undefined || !isRefreshToken(token)) return undefined;
    return token.tenant === call.tenant && token.client === call.client ? token : undefined;
  }

  #noteTokens(
    call: Call<"mint" | "refresh">,
    root: Call<"mint">,
    grant: Grant | undefined,
    subject: string | undefined,
    { accessToken, idToken, expiresIn, tokenType }: TokenSet,
    sources: readonly Token[],
    held: string | undefined,
  ): Token {
    const { confirmation } = root.request;
    const boundTo = confirmation === undefined ? held : JSON.stringify(confirmation);
    const told = toldBinding(call);
    expect(told === "unseen" || told === boundTo, 11, "a token is not bound to the key that it should be");
    expect(tokenType === (boundTo?.includes("jkt") ? "DPoP" : "Bearer"), 11, "a token_type is not that of its token");
    const { tenant, client, end: toldAt } = call;
    const shown = this.#byText.get(root.request.accessToken ?? "");
    const mayBeAhead = this.#clocks.kind !== "many" && call.unheard;
    const shared = { tenant, client, subject, root, shown, sources, grant, boundTo, toldAt, mayBeAhead, kills: [] };
    const end = (off: number) => (Math.floor((call.start + off) / 1000) + expiresIn) * 1000;
    const expiry = { earliest: end(-call.off), latest: end(call.off) };
    const rowKey = this.#records.rowKeyOf(tenant, accessToken);
    const token: Token = { ...shared, kind: "access", text: accessToken, kid: kidIn(accessToken), rowKey, expiry };
    const exp = token.kid === undefined ? expiry.latest : Number(claimsOf(accessToken).exp) * 1000;
    expect(expiry.earliest <= exp && exp <= expiry.latest, 1, "a token lives from another moment than its call's");
    this.accessTokens.push(token);
    expect(!this.#byText.has(accessToken), 5, "an access token was given twice");
    this.#byText.set(accessToken, token);
    if (idToken !== undefined) {
      const ends = Number(claimsOf(idToken).exp) * 1000;
      const own = { kid: kidIn(idToken), boundTo: undefined, expiry: { earliest: ends, latest: ends } };
      const identity: Token = { ...shared, ...own, kills: [], kind: "id", text: idToken };
      this.idTokens.push(identity);
      this.#byText.set(idToken, identity);
    }
    if (token.kid !== undefined) this.#noteKid(call, token.kid);
    return token;
  }

  #noteKid(call: Call, kid: string): void {
    if (!this.#kidsSeenAt.has(kid)) this.#kidsSeenAt.set(kid, call.end);
    const { generation } = this.#records.signingKey(call.tenant, kid);
    const newer = this.#records.newestActive(call.tenant, call.start - call.off, call.polledAt);
    expect(generation >= newer, 4, `a node that knew key ${newer} signed with key ${generation}`);
  }

  #noteRefreshToken(
    call: Call<"mint" | "refresh">,
    root: Call<"mint">,
    grant: Grant,
    subject: string | undefined,
    text: string,
    generation: number,
    movers: readonly Call[],
  ): void {
    const { tenant, client } = call;
    const before = movers.filter(({ start }) => start <= call.end);
    const madeFrom = Math.min(...before.map(({ start }) => start));
    const ends = before.map((mover) => slidingEnd(root, mover));
    const expiry = { earliest: Math.min(...ends) - call.off, latest: Math.max(...ends) + call.off };
    const shown = this.#byText.get(root.request.accessToken ?? "");
    const { sources, boundTo } = grant;
    const shared = {
      text,
      tenant,
      client,
      subject,
      root,
      shown,
      sources,
      grant,
      boundTo,
      expiry,
      generation,
      madeFrom,
    };
    const token: RefreshToken = {
      ...shared,
      kind: "refresh",
      kid: undefined,
      toldAt: call.end,
      mayBeAhead: false,
      kills: [],
      attempts: [],
    };
    grant.tokens[generation] = token;
    this.refreshTokens.push(token);
    this.#byText.set(text, token);
  }
}

function expect(condition: boolean, invariant: number, message: string): void {
  if (!condition) throw new Violation(invariant, message);
}

/** Whether a token, or what it was minted from, is older than a revocation that means its client. */
function isOlder(token: Token, client: string, call: Call): boolean {
  if (token.client !== client) return false;
  return token.root.end <= call.start || (token.shown !== undefined && isOlder(token.shown, client, call));
}

function plainEffect({ outcome }: Call): Effect {
  if (outcome?.kind === "done") return "sure";
  return outcome?.kind === "refused" && outcome.code !== "temporarily_unavailable" ? "none" : "maybe";
}

function weaker(effect: Effect): Effect {
  return effect === "none" ? "none" : "maybe";
}

function seesAll({ client, tenant, node }: Call): boolean {
  return tenantOf(tenant, node.variant).clients.get(client)?.introspection === "tenant";
}

function kidIn(token: string): string | undefined {
  return token.includes(".") ? headerKid(token) : undefined;
}
