import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hashedIdentifier, plainIdentifier } from "../../../src/telemetry/audit/identifiers.ts";
import { auditLine, firstLine, isAudited } from "../../../src/telemetry/audit/record.ts";
import type { Event } from "../../../src/telemetry/events.ts";
import { auditSchema, faultsOfLine } from "../../support/audit-schema.ts";
import { keyBytes } from "../../support/key-encryption-key.ts";
import { blocksOf, plain, rowsOf } from "../../support/snippets.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const arrival = { tenant: "acme", requestId: "r1", traceId: "0af7651916cd43dd8448eb211c80319c", remoteAddress: "::1" };
const client = { ...arrival, client: "web", authentication: "client_secret_basic", duration: 1.5 };
const operator = { ...arrival, operator: "alice", duration: 1.5 };
const token = { grantType: "arbitrary_identity", accessTokenType: "jwt", jti: "j", family: "f" } as const;
const refusal = { code: "invalid_client", reason: "The reason.", cause: undefined };

/** An event of each kind that has a line. */
const events: readonly Event[] = [
  { ...client, operation: "mint", event: "minted", ...token, subject: "someone" },
  { ...client, operation: "mint", event: "minted", ...token, family: undefined, subject: undefined },
  { ...client, operation: "refresh", event: "refreshed", ...token, subject: "someone", actor: "service" },
  { ...client, operation: "introspect", event: "introspected", active: true, jti: "j", subject: "someone" },
  { ...client, operation: "introspect", event: "introspected", active: false, because: "expired" },
  { ...client, operation: "revoke", event: "revoked", what: "access_token", jti: "j", family: undefined },
  { ...client, operation: "revoke", event: "revoked", what: "subject", wholeNamespace: true, subject: "someone" },
  { ...operator, operation: "revokeClient", event: "client_revoked", revokedClient: "web" },
  {
    ...operator,
    operation: "rotate",
    event: "key_rotated",
    mode: "compromised",
    use: "signing",
    generation: 2,
    dryRun: false,
  },
  { ...operator, operation: "listKeys", event: "keys_listed" },
  { ...operator, operation: "getClient", event: "registry_read" },
  {
    ...operator,
    operation: "createClient",
    event: "client_registered",
    registeredClient: "web",
    change: "created",
    fields: ["scopes"],
    validateOnly: false,
  },
  {
    ...operator,
    operation: "updateTenant",
    event: "tenant_registered",
    change: "updated",
    fields: ["signing"],
    validateOnly: false,
  },
  { ...operator, operation: "listTenants", tenant: undefined, event: "registry_read" },
  { ...operator, operation: "listGrants", event: "grants_listed", ofClient: "web", subject: "someone" },
  { ...operator, operation: "revokeGrant", event: "revoked", what: "grant", family: "f", subject: "someone" },
  { ...client, operation: "mint", event: "refused", ...refusal, code: "temporarily_unavailable", unanswered: "minted" },
  { ...client, operation: "mint", event: "client_refused", client: undefined, ...refusal },
  { ...operator, operation: "rotate", event: "operator_refused", ...refusal },
  { ...client, operation: "refresh", event: "refresh_reused", family: "f", ...refusal, code: "invalid_grant" },
  { tenant: "acme", event: "key_made", use: "signing", generation: 1, due: "there is none" },
  { ...arrival, operation: "rotate", event: "key_compromised", use: "refresh", generation: 1, kid: "k" },
  {
    event: "configuration_reloaded",
    trigger: "SIGHUP",
    scope: "configuration",
    added: ["tenants.acme.clients.app"],
    removed: [],
    changed: ["tenants.acme.clients.web.secrets"],
  },
  { tenant: "acme", event: "tenant_purged" },
  { tenant: "acme", event: "keys_resealed", resealed: 2, oldRowsUntil: "2026-01-02T03:04:05.006Z" },
];

const lineOf = (event: Event) => auditLine(event, TIME, plainIdentifier);

describe("a line of the audit", () => {
  it("tells who did what, to what, from where, when, and what came of it", () => {
    const [minted] = events;
    expect(minted && lineOf(minted)).toBe(
      '{"audit":1,"time":"2026-01-02T03:04:05.006Z","event":"minted","outcome":"success","operation":"mint",' +
        '"tenant":"acme","client":"web","authentication":"client_secret_basic","grantType":"arbitrary_identity",' +
        '"subject":"someone","jti":"j","family":"f","accessTokenType":"jwt","requestId":"r1",' +
        '"traceId":"0af7651916cd43dd8448eb211c80319c","remoteAddress":"::1"}\n',
    );
  });

  it.each([
    ["invalid_client", "refused"],
    ["temporarily_unavailable", "failed"],
    ["server_error", "failed"],
  ])("says whose fault it was: %s", (code, outcome) => {
    const event: Event = { ...client, operation: "mint", event: "refused", code, reason: "", cause: new Error() };
    expect(JSON.parse(lineOf(event))).toMatchObject({ outcome, error: code });
  });

  it("has nothing of an event that it does not know of", () => {
    const event = { ...events[0], secret: "s", reason: "why" } as unknown as Event;
    expect(Object.keys(JSON.parse(lineOf(event)))).not.toEqual(expect.arrayContaining(["secret"]));
    expect(lineOf(event)).not.toContain("why");
  });

  it.each(events.map((event) => [event.event, event] as const))("is as the docs' schema has it: %s", (_, event) => {
    expect(isAudited(event, "operation" in event && "duration" in event ? "ending" : "notice")).toBe(true);
    expect(faultsOfLine(lineOf(event))).toBeUndefined();
    expect(faultsOfLine(auditLine(event, TIME, hashedIdentifier(keyBytes())))).toBeUndefined();
  });

  it("is as the docs' schema has it, the first one too", () => {
    expect(faultsOfLine(firstLine(TIME, 3))).toBeUndefined();
    expect(JSON.parse(firstLine(TIME, 3))).toMatchObject({ event: "audit_opened", lost: 3 });
  });
});

describe("the docs' schema", () => {
  it("has all events and members that there are, and no others", () => {
    const told = auditSchema.properties.event.oneOf.map((one: { const: string }) => one.const);
    expect(new Set(told)).toEqual(new Set(["audit_opened", ...events.map(({ event }) => event)]));
    const lines = [firstLine(TIME, 0), ...events.map(lineOf)].map((line) => JSON.parse(line));
    expect(new Set(Object.keys(auditSchema.properties))).toEqual(new Set(lines.flatMap(Object.keys)));
  });

  it.each([
    ['{"audit":1}', "required"],
    [lineOf(events[0] as Event).replace('"success"', '"refused"'), "constant"],
    [lineOf(events[0] as Event).replace('"jti"', '"token"'), "additional"],
  ])("refuses %s", (line, fault) => {
    expect(faultsOfLine(line)?.join()).toContain(fault);
  });
});

describe("the docs' page", () => {
  const page = readFileSync(new URL("../../../docs/audit.md", import.meta.url), "utf8");

  it("has all events that have lines", () => {
    const told = rowsOf(page, "what happened").flatMap(({ event = "" }) => event.split(", ").map(plain));
    expect(told.toSorted()).toEqual([...new Set(["audit_opened", ...events.map(({ event }) => event)])].toSorted());
  });

  it("has an example that is a line", () => {
    const [example] = blocksOf(page).filter(({ info }) => info === "json");
    expect(faultsOfLine(example?.text ?? "")).toBeUndefined();
  });
});

describe("identifiers", () => {
  it("are hashed with the key, whatever they are", () => {
    const [alice, bob] = [hashedIdentifier(keyBytes(1)), hashedIdentifier(keyBytes(2))];
    // Python's hmac.new(bytes(range(1, 33)), b"someone", "sha256") says so, too.
    expect(alice("someone")).toBe("hmac-sha256:KD8dT7oxU7I8h7NBpKF3qFGyp2cBoNb8ulTsuQTgZnQ");
    expect(alice("someone")).not.toBe(bob("someone"));
    const line = auditLine(events[0] as Event, TIME, alice);
    expect(JSON.parse(line)).toMatchObject({
      tenant: "acme",
      requestId: "r1",
      client: alice("web"),
      subject: alice("someone"),
      jti: alice("j"),
      family: alice("f"),
      remoteAddress: alice("::1"),
    });
    const [, , refreshed] = events;
    expect(JSON.parse(auditLine(refreshed as Event, TIME, alice))).toMatchObject({ actor: alice("service") });
    for (const plain of ["web", "someone", "::1"]) expect(line).not.toContain(plain);
  });
});
