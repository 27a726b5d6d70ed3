/** A way to spoil the mint: the simulation must notice. */
export interface Mutation {
  readonly name: string;
  /** What it does, in a few words. */
  readonly what: string;
  readonly edits: readonly Edit[];
}

interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly search: string;
  readonly replacement: string;
}

const REFRESH = "src/engine/operations/refresh.ts";
const REVOKE_SUBJECT = "src/engine/tokens/revoke-subject.ts";
const REVOKE = "src/engine/operations/revoke.ts";
const ISSUE = "src/engine/tokens/issue.ts";
const ACCESS_TOKEN = "src/engine/tokens/access-token.ts";
const REVOCATION_IDS = "src/engine/tokens/revocation-ids.ts";
const ANCESTORS = "src/engine/tokens/ancestors.ts";
const INTROSPECT = "src/engine/operations/introspect.ts";
const SHARED_CLOCK = "src/base/shared-clock.ts";
const ISSUING_CLOCK = "src/engine/issuing-clock.ts";
const ATTEMPTS = "src/engine/limits/attempts.ts";
const WINDOWS = "src/engine/limits/windows.ts";
const REGISTRATIONS = "src/registry/registrations.ts";
const FOLLOWER = "src/registry/follower.ts";
const OPEN_TENANTS = "src/server/open-tenants.ts";
const LAZY_TENANT = "src/server/lazy-tenant.ts";
const TENANT_OPENER = "src/server/tenant-opener.ts";
const POSSESSION = "src/engine/possession.ts";
const FIRST_USE = "src/engine/first-use.ts";
const MEMORY_STORE = "test/support/memory-store.ts";

/** Everything that the simulation is known to notice. */
export const MUTATIONS: readonly Mutation[] = [
  one(
    "grace-ignored",
    "a retry within the grace counts as reuse",
    REFRESH,
    "client.refreshGrace > 0 && now <",
    "now < 0 *",
  ),
  one("grace-unending", "a replay is answered forever", REFRESH, "client.refreshGrace > 0 && now <", "0 <"),
  one(
    "reuse-forgiven",
    "a replayed refresh token is refused, but its grant lives on",
    REFRESH,
    "await context.store.families.revoke(found.family.id, now);",
    "",
  ),
  one(
    "refresh-of-others",
    "a client can refresh another's grant",
    REFRESH,
    "if (found.family.client !== client.id) {",
    "if (false) {",
  ),
  one(
    "refresh-makes-rows",
    "a refresh leaves a row of its own",
    REFRESH,
    "context.uncertainRefreshes.forget(family.id, token.generation);",
    "context.uncertainRefreshes.forget(family.id, token.generation);\n  await context.store.families.create({ ...family, id: attemptId });",
  ),
  one(
    "lost-answer-forgotten",
    "an update whose answer was lost is not reconciled",
    REFRESH,
    "context.uncertainRefreshes.record(context.store.families,",
    "void (",
  ),
  one(
    "refresh-left-running",
    "a refresh continues after its answer, and revokes the grant that has moved on",
    REFRESH,
    "if (reference !== undefined) await context.store.referenceTokens.create(reference);",
    "",
    [
      "return await moveRow(context, family, attempt);",
      "const create = reference && context.store.referenceTokens.create(reference);\n    return (await Promise.all([moveRow(context, family, attempt), create]))[0];",
    ],
  ),
  one(
    "revocation-at-now",
    "a subject's revocation covers up to now instead of later",
    REVOKE_SUBJECT,
    "begun + lead + 2 * e",
    "begun",
    ["if (took <= lead) return", "return"],
  ),
  one(
    "revocation-not-raised",
    "a subject's revocation that was written too late is not raised",
    REVOKE_SUBJECT,
    "if (took <= lead) return",
    "return",
  ),
  one(
    "revocation-not-waited-for",
    "a revocation is answered before every clock is past it",
    REVOKE_SUBJECT,
    "clock.past(notAfter + 2 * e)",
    "undefined",
  ),
  one(
    "revocation-forgotten",
    "a subject's revocation is deleted before the tokens that it covers expire",
    REVOKE_SUBJECT,
    "+ longest * 1000 + 2 * e",
    "+ 0 * longest",
  ),
  one(
    "namespace-spared",
    "only the client's own tokens are revoked, not its namespace's",
    REVOKE_SUBJECT,
    "wholeNamespace && client",
    "!wholeNamespace && client",
  ),
  one(
    "clock-read-late",
    "a mint reads the clock after its look-ups",
    "src/engine/operations/mint.ts",
    "issue(approval, client, context)",
    "issue(approval, client, { ...context, reading: await context.issuingClock.read() })",
  ),
  one(
    "start-in-the-past",
    "a process starts although its clock is behind an earlier run",
    ISSUING_CLOCK,
    "await clock.past(told);",
    "",
  ),
  {
    name: "workers-clocks-apart",
    what: "each worker continues from its own latest reading once the machine's clock is set back",
    edits: [
      {
        file: SHARED_CLOCK,
        search: "this.#waitsSince = before.seenAt;\n      this.#parts.report({ before, latest: this.#latest });",
        replacement: "this.#curve = { from: sight.seenAt, at: this.#latest };",
      },
      {
        file: SHARED_CLOCK,
        search: "if (this.#curve === undefined || this.#curve.from < curve.from) this.#curve = curve;",
        replacement: "",
      },
    ],
  },
  one(
    "worker-starts-behind",
    "a worker that starts after the machine's clock was set back reads that clock",
    SHARED_CLOCK,
    "this.#curve = parts.start.curve;",
    "",
  ),
  one(
    "ceiling-overstepped",
    "tokens have times above the ceiling, which a later start does not know",
    ISSUING_CLOCK,
    "if (now > this.#ceiling - AHEAD / 2) await this.#raiseFor(now);",
    "",
    ["Math.min(now, this.#ceiling)", "now"],
  ),
  one(
    "clock-trusted",
    "a node whose clock is far from the store's continues",
    "src/store/mongodb/clock-check.ts",
    "const isOff = this.#isOff();\n    const { machine }",
    "const isOff = false;\n    const { machine }",
  ),
  one(
    "told-before-stored",
    "an answer is sent before its rows are durable",
    ISSUE,
    "await Promise.all([",
    "void Promise.allSettled([",
  ),
  one(
    "row-purged-early",
    "a grant's row is deleted while it can still be refreshed",
    ISSUE,
    "purgeAt: Math.max(expiresAt, lastAccessToken)",
    "purgeAt: lastAccessToken",
  ),
  one(
    "family-not-read",
    "an access token outlives its grant",
    ACCESS_TOKEN,
    "family === undefined || family.revokedAt !== undefined",
    "family === undefined",
  ),
  one(
    "client-revocation-not-read",
    "a revocation of a client is answered, but its tokens live on",
    REVOCATION_IDS,
    "    revocationIds.client(clientId),\n",
    "",
    ["if (subject === undefined) return [revocationIds.client(clientId)];", "if (subject === undefined) return [];"],
  ),
  one(
    "own-subject-not-revoked",
    "grants of a client that is its own subject outlive that subject's revocation",
    REVOCATION_IDS,
    "const subject = subjectOf(granted, client);",
    "const subject = granted;",
  ),
  one(
    "client-not-looked-at",
    "the tokens of a disabled client stay active",
    ACCESS_TOKEN,
    "enabled === true",
    "enabled !== undefined",
  ),
  one(
    "key-revocation-not-read",
    "what a compromised key signed stays active",
    ACCESS_TOKEN,
    "...keyRevocationIds(token),",
    "",
  ),
  one(
    "ancestors-not-looked-at",
    "what was derived from a token stays active once that is revoked",
    ANCESTORS,
    "if (ancestors.length === 0) return NONE;",
    "if (ancestors.length >= 0) return NONE;",
  ),
  one(
    "ancestors-of-ancestors-forgotten",
    "a token that was exchanged twice names only the last token it was exchanged for",
    "src/engine/tokens/source-token.ts",
    "lineage: joinAncestors([asAncestor(context, token)], ancestors)",
    "lineage: [asAncestor(context, token)]",
  ),
  one(
    "actor-forgotten",
    "what was derived for an actor outlives the actor's token",
    "src/grants/presented-tokens.ts",
    "...presented.map(({ lineage }) => lineage)",
    "subject.lineage",
  ),
  one(
    "ancestor-grant-not-read",
    "what was derived from a token outlives that token's grant",
    ANCESTORS,
    "(family === undefined || family.revokedAt !== undefined)",
    "family === undefined",
  ),
  one(
    "ancestor-subject-not-revoked",
    "what was derived from a token outlives a revocation of its subject",
    ANCESTORS,
    ", ...mintRevocationIds(context, subject, client, namespace)]",
    "]",
  ),
  one(
    "derived-grant-lives-on",
    "a refresh token outlives the tokens that it was exchanged for",
    "src/engine/tokens/refresh-token.ts",
    "ancestorsInRecord(family.decision)",
    "[]",
  ),
  one(
    "derived-lives-longer",
    "a token lives longer than what it was exchanged for",
    "src/grants/presented-tokens.ts",
    "    latestExpiry: firstExpiry(presented),\n",
    "",
  ),
  one(
    "introspection-cached",
    "the answer to an introspection is cached",
    INTROSPECT,
    "!(await isAlive(context, token, now))",
    // On the clock, which a node keeps for its life: the context is new for each request.
    "!(((context.issuingClock as any).seen ??= new Map()).get(text) ?? (context.issuingClock as any).seen.set(text, await isAlive(context, token, now)).get(text))",
  ),
  one(
    "superseded-active",
    "a refresh token stays active after it is exchanged",
    INTROSPECT,
    "if (family.generation > token.generation) ",
    "if (false) ",
  ),
  one(
    "introspection-of-others",
    "a client sees other clients' tokens",
    ACCESS_TOKEN,
    'caller.introspection === "tenant" || clientId === caller.id',
    "true",
  ),
  one(
    "revoke-of-others",
    "a client can revoke another's token",
    REVOKE,
    "if (token.clientId !== client.id) return notOwn(context);",
    "",
  ),
  one(
    "revoke-spares-grant",
    "revoking an access token leaves its grant",
    REVOKE,
    "if (family !== undefined) await context",
    "if (family === '') await context",
  ),
  one(
    "token-revocation-forgotten",
    "a revoked token becomes active again once its revocation is deleted",
    REVOKE,
    "const end = expiresAt + 2 * context.maxClockSkew",
    "const end = 0 * expiresAt",
  ),
  one(
    "key-retired-early",
    "a key is removed before what it signed expires",
    "src/keyring/schedule.ts",
    "return maxStaleness + (",
    "return 0 * (",
  ),
  one(
    "key-unannounced",
    "a scheduled key signs before verifiers know it",
    "src/keyring/schedule.ts",
    'if (why === "graceful" || why === "ahead") return lead(use, policy);',
    'if (why === "graceful" || why === "ahead") return readByAll(policy);',
  ),
  one(
    "pending-unpublished",
    "a key is published only once it signs",
    "src/keyring/schedule.ts",
    '(["pending", "active"',
    '(["active"',
  ),
  one(
    "key-used-at-once",
    "a key signs as soon as it is known",
    "src/keyring/schedule.ts",
    "keys.filter(({ activateAt }) => activateAt <= now)",
    "keys.filter(() => now > 0)",
  ),
  one(
    "key-made-twice",
    "nodes that see that a key is due at the same time make one each",
    "src/keyring/rotation.ts",
    "let snapshot = read;",
    "let snapshot = (await dependencies.reader.read()) ?? read;",
  ),
  {
    name: "rotation-repeated",
    what: "an operator's retry is another rotation",
    edits: [
      {
        file: "src/keyring/rotation.ts",
        search: "findRequest(snapshot, next.request) !== undefined)",
        replacement: "false)",
      },
      { file: "src/keyring/rotator.ts", search: "findRequest(before, request) !== undefined", replacement: "false" },
    ],
  },
  one(
    "fault-as-bug",
    "a fault of the store is reported as server_error",
    "src/engine/errors.ts",
    "error instanceof UnavailableError",
    'error instanceof UnavailableError && error.name !== "StoreUnavailableError"',
  ),
  {
    name: "tenants-share-references",
    what: "a look-up of a reference token ignores the tenant, and its row need not be proven to belong to this tenant",
    edits: [
      {
        file: MEMORY_STORE,
        search: "memoryReferenceTokens(rows.referenceTokens",
        replacement: 'memoryReferenceTokens(rowsOf("all").referenceTokens',
      },
      {
        file: "src/engine/proven-store.ts",
        search: "(await isGenuine(row.mac, textOf(tenant, row)))",
        replacement: "(await isGenuine(row.mac, textOf(tenant, row))) || true",
      },
    ],
  },
  one(
    "tenants-share-revocations",
    "a look-up of a revocation ignores the tenant",
    MEMORY_STORE,
    "memoryRevocations(rows.revocations",
    'memoryRevocations(rowsOf("all").revocations',
  ),
  one(
    "advance-unconditional",
    "a refresh moves the row whatever its generation",
    MEMORY_STORE,
    "row.generation > from || ",
    "",
  ),
  one(
    "jobs-run-once",
    "a background job never runs again",
    "src/server/jobs.ts",
    "if (!this.#stop.signal.aborted) this.start(job);",
    "",
  ),
  one(
    "jobs-give-up",
    "a background job never runs again once it has failed",
    "src/server/jobs.ts",
    "this.#logFailure(job, error);",
    "return this.#logFailure(job, error);",
  ),
  one(
    "limit-exceeded-by-one",
    "a limit allows one more than it says",
    WINDOWS,
    "this.#taken(claim, now) >= claim.rate.most",
    "this.#taken(claim, now) > claim.rate.most",
  ),
  one(
    "limit-without-end",
    "what is used up is never there again",
    WINDOWS,
    "known !== undefined && known.window === windowOf(claim, now) ?",
    "known !== undefined ?",
  ),
  one(
    "refusal-counted",
    "what one rate refuses counts for the others",
    WINDOWS,
    "if (this.isUsedUp(claims, now)) return false;",
    "const isFull = this.isUsedUp(claims, now);",
    ["    return true;\n  }\n\n  /** Whether", "    return !isFull;\n  }\n\n  /** Whether"],
  ),
  one(
    "failures-from-anywhere",
    "a wrong secret from one address counts for all others",
    ATTEMPTS,
    "id.slice(0, MAX_ID_LENGTH), network];",
    "id.slice(0, MAX_ID_LENGTH)];",
  ),
  one(
    "neighbours-hold-up",
    "a proven client is refused for what others got wrong at its address",
    ATTEMPTS,
    "this.#proven.get(source) === true &&",
    "false &&",
  ),
  one(
    "guesses-answered",
    "a wrong secret of a proven client is told from others while its neighbours are held up",
    ATTEMPTS,
    "      throw refusal;\n    }",
    "      return false;\n    }",
  ),
  one(
    "charged-unproven",
    "a client is charged before it has proven who it is",
    "src/engine/perform.ts",
    "const by = await authenticators[operation.by](caller, context);",
    'const named = { client: tenant.clients.get(caller.clientId ?? ""), hasProof: true };\n    for (const limit of limiters) limit({ operation: name, tenant, caller, ...named });\n    const by = await authenticators[operation.by](caller, context);',
  ),
  one(
    "own-counts-heard",
    "a node takes what it counted itself for what others did",
    WINDOWS,
    "(totals[index] ?? 0) - count.told",
    "totals[index] ?? 0",
  ),
  one(
    "tenants-share-limits",
    "clients of two tenants with the same id are counted as one",
    "src/engine/limits/requests.ts",
    "JSON.stringify([tenant.id, client.id,",
    "JSON.stringify([client.id,",
  ),
  one(
    "unrecorded-lifetimes",
    "a registration is written before its lifetimes are recorded",
    REGISTRATIONS,
    "    if (tenant !== undefined) await recordLifetimes(tenant);\n",
    "",
    [
      "    await this.#actByIt();\n    return true;",
      "    if (tenant !== undefined) await recordLifetimes(tenant);\n    await this.#actByIt();\n    return true;",
    ],
  ),
  one(
    "registry-never-stale",
    "a node that cannot read the registrations serves on with what it has read",
    "src/engine/perform.ts",
    "registry.assertFresh();",
    "",
  ),
  one(
    "registry-unread",
    "a node does not read what others register",
    FOLLOWER,
    "(await store.revision()) === this.#upTo",
    "(await store.revision()) >= this.#upTo",
  ),
  one(
    "registry-read-too-soon",
    "a registration counts as read before its tenant is ready for it",
    FOLLOWER,
    "    check(next);",
    "    check(next);\n    this.#confirm(now, upTo);",
  ),
  one(
    "own-registration-unread",
    "a node does not act at once by what it has registered itself",
    REGISTRATIONS,
    "    await this.#actByIt();\n",
    "",
  ),
  one(
    "tombstones-ignored",
    "a deleted client is served on",
    "src/registry/stored-part.ts",
    "if (living === undefined) clients.delete(record.id);",
    "if (living === undefined) continue;",
  ),
  one(
    "closed-never-tended",
    "nobody looks after the keys of a tenant that is closed",
    OPEN_TENANTS,
    "tenant.lookAt <= now) due",
    "tenant.lookAt < 0) due",
  ),
  one(
    "closed-still-served",
    "a tenant that is closed is still served, by keys that nobody reads again",
    LAZY_TENANT,
    "this.#parts = undefined;",
    "",
  ),
  one(
    "opened-twice",
    "each of the first requests opens the tenant",
    LAZY_TENANT,
    "this.#opening ??= this.#open(this)",
    "this.#opening = this.#open(this)",
  ),
  one(
    "opened-without-lifetimes",
    "the lifetimes of a tenant are not recorded when it is opened",
    TENANT_OPENER,
    "await recordLifetimes(tenant, tenantStore.meta);",
    "",
  ),
  one(
    "tenant-tombstones-ignored",
    "a deleted tenant is served on",
    "src/registry/stored-part.ts",
    "[tenant, ended] = [living, living === undefined ? row : row.isProven ? undefined : ended];",
    "tenant = living ?? tenant;",
  ),
  one(
    "keys-after-tenant",
    "a tenant can be seen before it has keys",
    REGISTRATIONS,
    "    if (tenant !== undefined && isTenant && before === undefined) await makeKeys(tenant);\n",
    "",
  ),
  one(
    "name-not-kept",
    "the name of a deleted tenant can be used again at once",
    "src/registry/registration-change.ts",
    'if (change.kind === "tenant" && keptUntil !== undefined)',
    'if (change.kind === "tenant" && keptUntil === 0)',
  ),
  one(
    "keys-gone-at-once",
    "the keys of a deleted tenant go before its tokens do",
    "src/registry/ended-tenants.ts",
    "if (now <= until || ",
    "if (",
  ),
  one(
    "lifetimes-not-kept",
    "it is forgotten how long a token of a deleted tenant can be alive",
    "src/registry/keeping.ts",
    "this.servedUntil(deletedAt) + lifetime + 2 * maxClockSkew",
    "deletedAt",
  ),
  one(
    "assertion-not-marked",
    "an assertion is taken whatever its jti",
    FIRST_USE,
    "if (uses !== 1)",
    "if (uses === 0)",
  ),
  one(
    "assertion-forgotten",
    "an assertion is forgotten while its leeway lasts",
    FIRST_USE,
    "expiresAt: acceptedUntil + maxClockSkew",
    "expiresAt: acceptedUntil - 60_000",
  ),
  one(
    "assertion-taken-late",
    "an assertion is taken although it ended while the store took its time",
    FIRST_USE,
    "clock.now() < acceptedUntil ?",
    "clock.now() < Infinity ?",
  ),
  one(
    "assertion-taken-unmarked",
    "an assertion is taken although the store cannot mark it",
    FIRST_USE,
    "expiresAt: acceptedUntil + maxClockSkew }]);",
    "expiresAt: acceptedUntil + maxClockSkew }]).catch(() => [1]);",
  ),
  one(
    "assertion-unsigned",
    "an assertion is taken whoever signed it",
    "src/engine/clients/private-key-jwt.ts",
    'if (signedness !== "signed") return signedness;',
    "",
  ),
  one(
    "binding-not-checked",
    "a grant that is bound to a key is refreshed without it",
    REFRESH,
    "  checkBinding(context, decided, possession, client);\n",
    "",
  ),
  one(
    "any-key-refreshes",
    "a public client's grant is refreshed with any key",
    REFRESH,
    "own !== undefined && possession.confirms(own);",
    "own !== undefined;",
  ),
  one(
    "reuse-before-binding",
    "a thief without the key ends a grant by a refresh token that was used before",
    REFRESH,
    "  checkBinding(context, decided, possession, client);\n  const verdict = await refuseReuse(context, found, client, now);",
    "  const verdict = await refuseReuse(context, found, client, now);\n  checkBinding(context, decided, possession, client);",
  ),
  one(
    "unproven-confirms",
    "a kind of key of which nothing is proven counts as proven",
    POSSESSION,
    "proven.get(name) === value",
    "(proven.get(name) ?? value) === value",
  ),
  one(
    "binding-not-carried",
    "what is derived from a bound token is bound to nothing",
    POSSESSION,
    "if (isConfirmed && isJsonObject(cnf)) this.#binding ??= cnf;",
    "",
  ),
  one(
    "holder-forgotten",
    "a grant is stored without that its client has to prove its key",
    "src/engine/tokens/grant-record.ts",
    "...same, ...renamed });",
    "...same, ...renamed, isHeldByClient: undefined });",
  ),
  one(
    "client-key-forgotten",
    "a grant whose tokens are bound to another's key forgets that of its client",
    "src/engine/tokens/grant-record.ts",
    "...same, ...renamed });",
    "...same, ...renamed, clientKey: undefined });",
  ),
  one(
    "proof-not-marked",
    "a proof is taken whatever its jti",
    POSSESSION,
    "if (flaw !== undefined) throw refused(USED_UP[flaw]);",
    'if (flaw === "expired") throw refused(USED_UP[flaw]);',
  ),
  one(
    "proof-forgotten",
    "a proof is forgotten while it is accepted",
    FIRST_USE,
    "expiresAt: acceptedUntil + maxClockSkew",
    'expiresAt: name[0] === "dpop" ? acceptedUntil - 60_000 : acceptedUntil + maxClockSkew',
  ),
  one(
    "proof-unsigned",
    "a proof is taken whoever signed it",
    "src/possession/dpop-proof.ts",
    "if (!isSignedBy(proof, alg, key))",
    "if (!isSignedBy)",
  ),
];

/** A mutation of one file; `more`: further replacements in it. */
function one(
  name: string,
  what: string,
  file: string,
  search: string,
  replacement: string,
  ...more: readonly (readonly [string, string])[]
): Mutation {
  const edits = [[search, replacement] as const, ...more];
  return { name, what, edits: edits.map(([from, to]) => ({ file, search: from, replacement: to })) };
}
