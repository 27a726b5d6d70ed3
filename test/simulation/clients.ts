import type { MintRequest } from "../../src/engine/request.ts";
import { TOKEN_EXCHANGE } from "../../src/registry/tenant.ts";
import { MAX_ACTORS } from "../../src/token/actor.ts";
import { MAX_ANCESTORS } from "../../src/token/ancestor.ts";
import { TOKEN_TYPES } from "../../src/token/token-types.ts";
import type { Call } from "./calls.ts";
import { claimsOf, foreignIdToken, headerKid } from "./cryptography.ts";
import type { Incarnation } from "./node.ts";
import type { Prng } from "./prng.ts";
import {
  CLIENTS,
  type ClientId,
  EXTRA_SCOPE,
  FORBIDDEN_SCOPE,
  OWN_SUBJECT,
  SUBJECTS,
  TENANTS,
  tenantOf,
} from "./tenants.ts";
import { actorsOf, ancestorsOf, type RefreshToken, type Token } from "./tokens.ts";
import type { World } from "./world.ts";

/** What clients do, and how often. */
const ACTS = {
  mint: 6,
  session: 4,
  introspect: 12,
  "introspect elsewhere": 2,
  revoke: 1.5,
  "revoke elsewhere": 0.5,
  "revoke a subject": 0.8,
  steal: 1,
  "refresh elsewhere": 0.5,
  exchange: 2.5,
  blunder: 1,
} as const;

/** Someone who uses the mint all along, in any client's name. */
export class Actor {
  readonly #world: World;
  readonly #random: Prng;

  constructor(world: World, random: Prng) {
    this.#world = world;
    this.#random = random;
  }

  async run(): Promise<void> {
    for (;;) {
      await this.#think(4000);
      const node = this.#world.anyNode(this.#random);
      if (node !== undefined) await this.#act(node);
    }
  }

  async #act(node: Incarnation): Promise<void> {
    const random = this.#random;
    const caller = { tenant: random.pick(TENANTS), client: random.pick(CLIENTS) };
    const { oracle } = this.#world;
    switch (random.weighted(ACTS)) {
      case "mint":
        await this.#mint(node, caller, random.chance(0.3));
        return;
      case "session": {
        const { outcome, start } = await this.#mint(node, caller, true);
        const told = outcome?.kind === "done" ? outcome.answer.refreshToken : undefined;
        if (told !== undefined) this.#world.scheduler.spawn(this.#session(caller, told, start));
        return;
      }
      case "introspect":
        return this.#inspect(random.chance(0.3) ? oracle.refreshTokens : oracle.accessTokens);
      case "introspect elsewhere": {
        const lists = [oracle.accessTokens, oracle.refreshTokens, oracle.idTokens];
        const token = this.#recent<Token>(random.pick(lists));
        if (token !== undefined) await this.#ask(node, "introspect", caller, { token: token.text });
        return;
      }
      case "revoke":
      case "revoke elsewhere":
        return this.#revoke(node, caller);
      case "revoke a subject":
        return caller.client === OWN_SUBJECT && random.chance(0.5)
          ? this.#endOwnSubject(node, caller)
          : this.#endSubject(node, caller);
      case "steal": {
        const stolen = this.#recent(oracle.refreshTokens);
        if (stolen !== undefined) await this.#refresh(node, stolen, stolen.text);
        return;
      }
      case "refresh elsewhere": {
        const token = this.#recent(oracle.refreshTokens);
        if (token !== undefined) await this.#refresh(node, caller, token.text);
        return;
      }
      case "exchange":
        return this.#exchange(node);
      case "blunder":
        return this.#blunder(node, caller);
    }
  }

  /** Several nodes at once, and again a little later. */
  async #inspect(tokens: readonly Token[]): Promise<void> {
    const token = this.#recent(tokens);
    if (token === undefined) return;
    const asked = Array.from({ length: this.#random.int(1, 2) }, async () => {
      const node = this.#world.anyNode(this.#random);
      const client = token.kind === "access" && this.#random.chance(0.3) ? "app" : token.client;
      if (node !== undefined) await this.#ask(node, "introspect", { ...token, client }, { token: token.text });
    });
    await Promise.all(asked);
  }

  async #revoke(node: Incarnation, caller: { tenant: string; client: ClientId }): Promise<void> {
    const random = this.#random;
    const token = this.#recent<Token>(
      random.chance(0.5) ? this.#world.oracle.accessTokens : this.#world.oracle.refreshTokens,
    );
    if (token === undefined) return;
    const owner = random.chance(0.8) ? token : caller;
    const request = { token: token.text, revokeAllSubjects: random.chance(0.15) };
    await this.#ask(node, "revoke", owner, request);
    // At once, everywhere.
    await Promise.all(
      this.#world.nodes
        .filter(({ ready }) => ready)
        .map((other) => this.#ask(other, "introspect", token, { token: token.text })),
    );
  }

  /** Revokes all that a subject has, while others mint for it at the last moment, from what it has, and right after. */
  async #endSubject(node: Incarnation, caller: { tenant: string; client: ClientId }): Promise<void> {
    const random = this.#random;
    const subject = random.pick(SUBJECTS);
    const mint = (request: MintRequest) => {
      const other = this.#world.anyNode(random);
      if (other === undefined || other.variant.disabled === caller.client) return undefined;
      return this.#world.call(other, "mint", caller, { arbitraryClaims: {}, ...request, scopes: ["read"] });
    };
    const before = { grantType: "arbitrary_no_subject", arbitraryClaims: { sub: subject } };
    const minted = (await Promise.all(Array.from({ length: 4 }, () => mint(before)))).map((call) => call?.outcome);
    const held = minted.flatMap((outcome) => (outcome?.kind === "done" ? [outcome.answer.accessToken] : []));
    const meanwhile = held.map(async (accessToken) => {
      await this.#world.scheduler.wait(random.delay(1500));
      if (caller.client === "strict") return;
      await mint({ grantType: "arbitrary_resource_owner", accessToken });
    });
    const request = { token: subject, tokenTypeHint: "subject", revokeAllSubjects: random.chance(0.5) };
    await Promise.all([this.#ask(node, "revoke", caller, request), ...meanwhile]);
    await Promise.all(Array.from({ length: 2 }, () => mint(before)));
    await this.#lookAtAll(this.#world.oracle.accessTokens.slice(-20), { ...caller, subject });
  }

  /** Revokes all that a client has as its own subject, whose grants name none. */
  async #endOwnSubject(node: Incarnation, caller: { tenant: string; client: ClientId }): Promise<void> {
    const random = this.#random;
    const { oracle, scheduler } = this.#world;
    if (node.variant.disabled !== caller.client) {
      const scopes = ["read", "offline_access"];
      const request = { grantType: "arbitrary_no_subject", scopes, arbitraryClaims: {} };
      await this.#world.call(node, "mint", caller, request);
    }
    const request = { token: caller.client, tokenTypeHint: "subject", revokeAllSubjects: random.chance(0.5) };
    await this.#ask(node, "revoke", caller, request);
    await scheduler.wait(random.delay(1500));
    const recent = [...oracle.accessTokens.slice(-20), ...oracle.refreshTokens.slice(-20)];
    await this.#lookAtAll(recent, { ...caller, subject: caller.client });
  }

  async #lookAtAll(tokens: readonly Token[], of: Pick<Token, "tenant" | "client" | "subject">): Promise<void> {
    for (const token of tokens) {
      if (token.tenant !== of.tenant || token.client !== of.client || token.subject !== of.subject) continue;
      const node = this.#world.anyNode(this.#random);
      if (node !== undefined) await this.#ask(node, "introspect", token, { token: token.text });
    }
  }

  #mint(node: Incarnation, caller: { tenant: string; client: ClientId }, offline: boolean): Promise<Call<"mint">> {
    const random = this.#random;
    const wanted = ["read", ...(random.chance(0.3) ? [EXTRA_SCOPE] : []), ...(offline ? ["offline_access"] : [])];
    const { request, unavailable } = this.#request(caller, wanted);
    const client = tenantOf(caller.tenant, node.variant).clients.get(caller.client);
    const lifetime = random.chance(0.1) ? random.int(1, 80) : undefined;
    const flaw = !client?.enabled
      ? "invalid_client"
      : !client.grants.has(request.grantType ?? "")
        ? "unauthorized_client"
        : (lifetime ?? 0) > client.accessTokenLifetime
          ? "invalid_request"
          : unavailable
            ? "invalid_grant"
            : !node.variant.extraScope && wanted.includes(EXTRA_SCOPE)
              ? "invalid_scope"
              : undefined;
    const accessTokenType = random.chance(0.3) ? random.pick(["jwt", "reference"]) : undefined;
    return this.#world.call(node, "mint", caller, { ...request, accessTokenLifetime: lifetime, accessTokenType }, flaw);
  }

  #request(caller: { tenant: string }, scopes: readonly string[]): { request: MintRequest; unavailable?: boolean } {
    const random = this.#random;
    const subject = random.pick(SUBJECTS);
    const arbitraryClaims = { wish: "a pony" };
    const grantType = random.weighted({
      arbitrary_token: 1,
      arbitrary_no_subject: 2,
      arbitrary_resource_owner: 2,
      arbitrary_oidc_resource_owner: 1,
      arbitrary_identity: 2,
    });
    if (grantType === "arbitrary_token") {
      const issuer = `https://${caller.tenant}.example`;
      return { request: { grantType, issuer, subject, arbitraryClaims: { scope: scopes } } };
    }
    if (grantType === "arbitrary_no_subject")
      return { request: { grantType, scopes, arbitraryClaims: random.chance(0.8) ? { sub: subject } : {} } };
    if (grantType === "arbitrary_oidc_resource_owner") {
      const unavailable = random.chance(0.1);
      const idToken = unavailable ? "rubbish" : foreignIdToken(subject);
      return { request: { grantType, scopes, authority: "idp", idToken, arbitraryClaims }, unavailable };
    }
    const shown = random.chance(0.5) ? this.#recent(this.#world.oracle.accessTokens) : undefined;
    // A client that is its own subject is nobody else's.
    const isOther = SUBJECTS.some((one) => one === shown?.subject);
    if (grantType === "arbitrary_resource_owner" && shown !== undefined && isOther)
      return { request: { grantType, scopes, accessToken: shown.text, arbitraryClaims } };
    return { request: { grantType, scopes, subject, arbitraryClaims } };
  }

  /** Exchanges a token, perhaps with an actor's, and lets somebody revoke what the new one was derived from. */
  async #exchange(node: Incarnation): Promise<void> {
    const random = this.#random;
    const { oracle, scheduler } = this.#world;
    const subject = this.#recent(random.chance(0.25) ? oracle.idTokens : oracle.accessTokens);
    if (subject?.subject === undefined || !TENANTS.some((one) => one === subject.tenant)) return;
    const own = CLIENTS.find((one) => one === subject.client && one !== "strict");
    const client = (random.chance(0.5) ? own : undefined) ?? "app";
    const caller = { tenant: random.chance(0.05) ? random.pick(TENANTS) : subject.tenant, client };
    const actor = random.chance(0.5) ? this.#recent(oracle.accessTokens) : undefined;
    const call = await this.#derive(node, caller, subject, actor?.subject === undefined ? undefined : actor);
    if (call.outcome?.kind !== "done") return;
    const { refreshToken, accessToken } = call.outcome.answer;
    if (refreshToken !== undefined) scheduler.spawn(this.#session(caller, refreshToken, call.start));
    if (random.chance(0.5)) return;
    const derived = oracle.accessTokens.findLast(({ text }) => text === accessToken);
    const end = random.pick([...(derived === undefined ? [] : ancestorsOf(derived))]);
    await this.#think(3000);
    const other = this.#world.anyNode(random);
    if (derived === undefined || other === undefined) return;
    const token = end.kind === "id" ? (end.subject ?? "") : end.text;
    const hint = end.kind === "id" ? { tokenTypeHint: "subject" } : {};
    await this.#ask(other, "revoke", end, { token, ...hint });
    const nodes = this.#world.nodes.filter(({ ready }) => ready);
    await Promise.all(nodes.map((one) => this.#ask(one, "introspect", derived, { token: derived.text })));
  }

  #derive(
    node: Incarnation,
    caller: { tenant: string; client: string },
    subject: Token,
    actor: Token | undefined,
  ): Promise<Call<"mint">> {
    const random = this.#random;
    const sources = actor === undefined ? [subject] : [subject, actor];
    const isTooLong = new Set([...ancestorsOf({ sources })].map(toldAs)).size > MAX_ANCESTORS;
    const hasTooMany = actor !== undefined && (actorsOf(subject) === MAX_ACTORS || actorsOf(actor) > 0);
    const isDisabled = node.variant.disabled === caller.client;
    const wanted = ["read", ...(random.chance(0.2) ? ["offline_access"] : [])];
    const request: MintRequest = {
      grantType: TOKEN_EXCHANGE,
      subjectToken: subject.text,
      subjectTokenType: subject.kind === "id" ? TOKEN_TYPES.id_token : TOKEN_TYPES.access_token,
      ...(actor && { actorToken: actor.text, actorTokenType: TOKEN_TYPES.access_token }),
      // An id_token gives no scopes by itself.
      ...(wanted.length > 1 || subject.kind === "id" ? { scopes: wanted } : {}),
      ...(random.chance(0.4) && { accessTokenType: random.pick(["jwt", "reference"]) }),
    };
    const flaw = isDisabled ? "invalid_client" : isTooLong || hasTooMany ? "invalid_request" : undefined;
    return this.#world.call(node, "mint", caller, request, flaw);
  }

  /** Keeps a grant alive as a good client does: with the newest token, again and again until there is an answer. */
  async #session(caller: { tenant: string; client: ClientId }, first: string, since: number): Promise<void> {
    let token = first;
    const random = this.#random;
    while (this.#world.scheduler.now < since + 900_000) {
      await this.#think(random.pick([50, 500, 5000, 30_000, 90_000]));
      const node = this.#world.anyNode(random);
      if (node === undefined) continue;
      const doubled = Array.from({ length: random.chance(0.25) ? random.int(2, 3) : 1 }, async () => {
        await this.#think(random.pick([1, 50, 3000]));
        const other = random.chance(0.5) ? node : this.#world.anyNode(random);
        return other?.ready ? this.#refresh(other, caller, token) : undefined;
      });
      const outcomes = (await Promise.all(doubled)).map((call) => call?.outcome);
      const done = outcomes.find((outcome) => outcome?.kind === "done");
      if (done?.kind === "done") token = done.answer.refreshToken ?? token;
      else if (outcomes.some((outcome) => outcome?.kind === "refused" && outcome.code === "invalid_grant")) return;
    }
  }

  #refresh(node: Incarnation, caller: { tenant: string; client: string }, refreshToken: string) {
    return this.#world.call(node, "refresh", caller, {
      refreshToken,
      ...(this.#random.chance(0.1) && { scopes: ["read"] }),
    });
  }

  /** Asks for what is to be refused. */
  async #blunder(node: Incarnation, caller: { tenant: string; client: ClientId }): Promise<void> {
    const random = this.#random;
    const enabled = node.variant.disabled !== caller.client;
    const claims = { arbitraryClaims: {} };
    const identity = { grantType: "arbitrary_identity", subject: "alice" };
    const flawed = (request: MintRequest, code: NonNullable<Call["flaw"]>) =>
      this.#world.call(node, "mint", caller, request, enabled ? code : "invalid_client");
    const world = this.#world;
    const blunders: readonly (() => Promise<unknown>)[] = [
      () => flawed({ ...identity, scopes: [FORBIDDEN_SCOPE] }, "invalid_scope"),
      () => flawed({ ...identity, subject: undefined, scopes: ["read"] }, "invalid_request"),
      () => flawed({ ...identity, scopes: ["read"], arbitraryClaims: { sub: "eve" } }, "invalid_request"),
      () => flawed({ grantType: "authorization_code" }, "unsupported_grant_type"),
      () => world.call(node, "mint", { ...caller, secret: "wrong" }, claims, "invalid_client"),
      () => world.call(node, "introspect", { ...caller, client: "nobody" }, { token: "x" }, "invalid_client"),
      () => world.call(node, "revoke", caller, {}, enabled ? "invalid_request" : "invalid_client"),
      async () => {
        const token = this.#recent(world.oracle.refreshTokens);
        const request = { refreshToken: token?.text, scopes: [FORBIDDEN_SCOPE] };
        if (token !== undefined) await world.call(node, "refresh", token, request, "invalid_scope");
      },
    ];
    await random.pick(blunders)();
  }

  #ask<K extends "introspect" | "revoke">(
    node: Incarnation,
    operation: K,
    caller: { tenant: string; client: string },
    request: object,
  ) {
    const flaw = node.variant.disabled === caller.client ? "invalid_client" : undefined;
    return this.#world.call(node, operation, caller, request, flaw);
  }

  /** One of the latest, mostly. */
  #recent<T extends Token | RefreshToken>(tokens: readonly T[]): T | undefined {
    return tokens[tokens.length - 1 - this.#random.delay(Math.min(tokens.length, 120))];
  }

  #think(most: number): Promise<void> {
    return this.#world.scheduler.wait(this.#random.delay(most));
  }
}

/** What a derived token tells one of its ancestors by: an id_token has no id. */
function toldAs({ kind, text }: Token): string {
  if (kind !== "id") return text;
  const { sub, aud, iat } = claimsOf(text);
  return JSON.stringify([sub ?? "", aud ?? "", iat ?? 0, headerKid(text)]);
}
