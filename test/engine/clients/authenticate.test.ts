import { beforeEach, describe, expect, it } from "vitest";
import { authenticate } from "../../../src/engine/clients/authenticate.ts";
import { clientSecret } from "../../../src/engine/clients/client-secret.ts";
import type { ClientAuthenticationMethod, MethodContext } from "../../../src/engine/clients/method.ts";
import { SecretVerifier } from "../../../src/engine/clients/secrets.ts";
import { OAuthError } from "../../../src/engine/errors.ts";
import { Attempts } from "../../../src/engine/limits/attempts.ts";
import type { Caller } from "../../../src/engine/request.ts";
import type { Client, Tenant } from "../../../src/registry/tenant.ts";
import type { Known } from "../../../src/telemetry/events.ts";
import { fakeClock } from "../../support/clock.ts";
import { noAuthorities } from "../../support/context.ts";
import { createMemoryStore } from "../../support/memory-store.ts";
import { seededRandom } from "../../support/random.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, NO_RATE_LIMITS, SECRET, sha256Secret, testClient, testTenant } from "../../support/tenant.ts";

const REFUSED = { code: "invalid_client", message: "The client is unknown, or its secret is missing or wrong." };

let secrets: SecretVerifier;
let noted: Known[];
beforeEach(() => {
  secrets = new SecretVerifier(seededRandom(), fakeClock());
  noted = [];
});

/** What authentication needs of a request to one tenant. */
function contextOf(tenant: Tenant): MethodContext {
  const clock = fakeClock();
  const uses = { store: createMemoryStore().forTenant(tenant.id), clock, maxClockSkew: 0 };
  const note = (known: Known) => void noted.push(known);
  return { tenant, secrets, attempts: new Attempts(clock), authorities: noAuthorities, note, ...uses };
}

function basic(id: string, secret: string): Caller {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

function check(credentials: Caller, client: Partial<Client> = {}, tenant: Partial<Tenant> = {}) {
  return authenticate(credentials, contextOf(testTenant(tenant, [testClient(client), testClient({ id: "other" })])));
}

describe("client authentication", () => {
  it.each([
    ["in the form", { clientId: CLIENT_ID, clientSecret: SECRET }],
    ["in the header", basic(CLIENT_ID, SECRET)],
    [
      "in the header, whatever the case of the scheme",
      { authorization: basic(CLIENT_ID, SECRET).authorization?.replace("Basic", "bASIC") },
    ],
  ])("takes a right secret %s", async (_, credentials) => {
    expect(await check(credentials)).toMatchObject({ client: { id: CLIENT_ID }, hasProof: true });
  });

  it.each([
    ["client_secret_post", { clientId: CLIENT_ID, clientSecret: "wrong" }],
    ["client_secret_basic", basic(CLIENT_ID, SECRET)],
    ["none", { clientId: CLIENT_ID }],
  ])("notes the method %s, whether it proves anything or not", async (method, credentials) => {
    await check(credentials).catch(() => undefined);
    expect(noted).toEqual([{ authentication: method }]);
  });

  it("decodes both parts of the header as a form (RFC 6749 section 2.3.1)", async () => {
    const credentials = basic("an%3Aid", "a+secret%2B%C3%A9");
    const tenant = testTenant({}, [testClient({ id: "an:id", secrets: [sha256Secret("a secret+é")] })]);
    expect(await authenticate(credentials, contextOf(tenant))).toMatchObject({
      client: { id: "an:id" },
      hasProof: true,
    });
  });

  it("takes any of several secrets", async () => {
    const client = { secrets: [sha256Secret("new"), sha256Secret("old")] };
    expect(await check(basic(CLIENT_ID, "old"), client)).toMatchObject({ hasProof: true });
  });

  it.each([
    ["a wrong secret", { clientId: CLIENT_ID, clientSecret: "wrong" }],
    ["no secret", { clientId: CLIENT_ID }],
    ["an unknown client", { clientId: "nobody", clientSecret: SECRET }],
    ["an unknown client without a secret", { clientId: "nobody" }],
    ["a client named like an object's own method", { clientId: "constructor", clientSecret: SECRET }],
    ["a wrong secret in the header", basic(CLIENT_ID, "wrong")],
  ])("refuses %s, in the same words", async (_, credentials) => {
    expect(await refusalOf(check(credentials))).toEqual(REFUSED);
  });

  it("limits guesses at an unknown client's secret just as those at a known one's", async () => {
    const rateLimits = { ...NO_RATE_LIMITS, failed_authentication_per_client: [{ most: 2, period: 60 }] };
    const context = contextOf(testTenant({ rateLimits }));
    const guesses = async (clientId: string) => {
      const caller = { clientId, clientSecret: "guess", remoteAddress: "192.0.2.1" };
      const refusals = [];
      for (let i = 0; i < 4; i++) refusals.push(await refusalOf(authenticate(caller, context)));
      return refusals;
    };
    await guesses("nobody");
    expect(await guesses("no one")).toEqual(await guesses(CLIENT_ID));
  });

  it.each([
    ["client_id", { clientId: "x".repeat(101), clientSecret: SECRET }],
    ["client_id", basic("x".repeat(101), SECRET)],
    ["client_secret", { clientId: CLIENT_ID, clientSecret: "x".repeat(101) }],
    ["client_secret", basic("nobody", "x".repeat(101))],
  ])("says that %s is too long", async (name, credentials) => {
    expect(await refusalOf(check(credentials))).toEqual({
      code: "invalid_request",
      message: `${name} is too long: at most 100 characters.`,
    });
  });

  it("takes an id and a secret of the most characters", async () => {
    const [id, secret] = ["i".repeat(100), "s".repeat(100)];
    const tenant = testTenant({}, [testClient({ id, secrets: [sha256Secret(secret)] })]);
    expect(await authenticate(basic(id, secret), contextOf(tenant))).toMatchObject({ hasProof: true });
  });

  it.each([
    "Basic",
    "Basic !!!",
    "Bearer abc",
    "Basic YWJj",
    "Basic OnNlY3JldA==",
    basic("a%", "b").authorization ?? "",
  ])("refuses the malformed header %j", async (authorization) => {
    expect(await refusalOf(check({ authorization, clientId: CLIENT_ID, clientSecret: SECRET }))).toMatchObject({
      code: "invalid_client",
      message: expect.stringContaining("authorization is malformed"),
    });
  });

  it("names client_id if there is none", async () => {
    expect(await refusalOf(check({ clientSecret: SECRET }))).toMatchObject({
      code: "invalid_client",
      message: expect.stringContaining("client_id is required."),
    });
  });

  describe("if the header and the form name two clients", () => {
    const both = { ...basic(CLIENT_ID, SECRET), clientId: "other", clientSecret: "wrong" };

    it("lets the header decide, and leaves the form unread", async () => {
      expect(await check(both)).toMatchObject({ client: { id: CLIENT_ID } });
    });

    it("refuses them to a strict tenant", async () => {
      expect(await refusalOf(check(both, {}, { strictClientAuthentication: true }))).toMatchObject({
        code: "invalid_request",
      });
      expect(
        await check(
          { ...both, clientId: CLIENT_ID, clientSecret: undefined },
          {},
          { strictClientAuthentication: true },
        ),
      ).toBeDefined();
    });
  });

  describe("of a client that needs no secret", () => {
    const open = { requireSecret: false, requireRefreshSecret: false };

    it("takes none, and knows that none was proven", async () => {
      expect(await check({ clientId: CLIENT_ID }, { ...open, secrets: [] })).toMatchObject({ hasProof: false });
      expect(await check(basic(CLIENT_ID, ""), { ...open, secrets: [] })).toMatchObject({ hasProof: false });
    });

    it("still refuses a wrong one", async () => {
      expect(await refusalOf(check({ clientId: CLIENT_ID, clientSecret: "wrong" }, open))).toEqual(REFUSED);
      expect(await refusalOf(check({ clientId: CLIENT_ID, clientSecret: "any" }, { ...open, secrets: [] }))).toEqual(
        REFUSED,
      );
    });
  });

  it("needs no secret to refresh if the client is registered so, and for nothing else", async () => {
    const tenant = testTenant({}, [testClient({ requireRefreshSecret: false })]);
    expect(await authenticate({ clientId: CLIENT_ID }, contextOf(tenant), "refresh")).toMatchObject({
      hasProof: false,
    });
    expect(await refusalOf(authenticate({ clientId: CLIENT_ID }, contextOf(tenant)))).toEqual(REFUSED);
  });

  it("tells only who proved the secret that the client is disabled", async () => {
    expect(await refusalOf(check({ clientId: CLIENT_ID, clientSecret: SECRET }, { enabled: false }))).toEqual({
      code: "invalid_client",
      message: "The client is disabled.",
    });
    expect(await refusalOf(check({ clientId: CLIENT_ID, clientSecret: "wrong" }, { enabled: false }))).toEqual(REFUSED);
  });
});

describe("several methods of client authentication", () => {
  /**
   * As RFC 8705 section 2 has it: the certificate proves who the client is, and `client_id` says so. The traceparent
   * stands for the certificate's subject.
   */
  const tlsClientAuth: ClientAuthenticationMethod = {
    names: ["tls_client_auth"],
    isSigned: false,
    mayUse: () => true,
    read({ traceParent: subject, clientId }) {
      if (subject === undefined) return undefined;
      if (clientId === undefined) throw new OAuthError("invalid_request", "client_id is required.");
      const verify = async (client: Client | undefined) => client?.id === subject;
      return { method: "tls_client_auth", clientId, proof: "secret", hasProof: true, verify };
    },
  };
  const by = (caller: Caller, methods = [clientSecret, tlsClientAuth]) =>
    authenticate(caller, contextOf(testTenant()), "other", methods);

  it("each prove who the client is, whether their names come with client_id or not", async () => {
    const proven = { client: { id: CLIENT_ID }, hasProof: true };
    expect(await by({ clientId: CLIENT_ID, clientSecret: SECRET })).toMatchObject(proven);
    expect(await by(basic(CLIENT_ID, SECRET))).toMatchObject(proven);
    expect(await by({ clientId: CLIENT_ID, traceParent: CLIENT_ID })).toMatchObject(proven);
    expect(await by({ clientId: CLIENT_ID, traceParent: CLIENT_ID }, [tlsClientAuth, clientSecret])).toMatchObject(
      proven,
    );
  });

  it.each([
    ["another client's certificate", { clientId: CLIENT_ID, traceParent: "other" }],
    ["an unknown client's certificate", { clientId: "nobody", traceParent: CLIENT_ID }],
    ["client_id alone", { clientId: CLIENT_ID }],
  ])("refuse %s", async (_, caller) => {
    expect(await refusalOf(by(caller))).toEqual(REFUSED);
  });

  it.each([
    ["the header", basic(CLIENT_ID, SECRET)],
    ["the form", { clientSecret: SECRET }],
  ])("are refused together, whoever is right: a certificate, and a secret in %s", async (_, secret) => {
    expect(await refusalOf(by({ clientId: CLIENT_ID, traceParent: CLIENT_ID, ...secret }))).toEqual({
      code: "invalid_request",
      message: "The client uses two authentication methods at once.",
    });
  });
});
