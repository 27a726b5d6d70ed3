import { beforeEach, expect, it } from "vitest";
import type { Event, Reason, Refused } from "../../../src/telemetry/events.ts";
import { countEvents } from "../../../src/telemetry/metrics/counters.ts";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import type { Performed } from "../../../src/telemetry/performed.ts";
import { recordingLogger } from "../../support/logger.ts";

const tenants = new Map([["default", { id: "default", clients: new Map([["web", {}]]) }]]);
const known = {
  tenant: (id: string) => tenants.get(id),
  tenants: () => tenants.values(),
  grantTypes: new Set(["arbitrary_token"]),
  operations: new Set(["mint", "refresh"]),
};

const request = {
  operation: "mint",
  tenant: "default",
  requestId: "r1",
  remoteAddress: "192.0.2.1",
  client: "web",
  authentication: "client_secret_basic",
  duration: 1,
};

type Changes = { readonly [Name in keyof typeof request]?: (typeof request)[Name] | undefined };

let instruments: Instruments;
beforeEach(() => {
  instruments = new Instruments(recordingLogger());
});

/** What was counted, without `mintmark_`, `_total` and what is 0. */
async function counted(
  events: readonly (Changes & (Performed | (Refused & Reason)))[],
  clientLabel = false,
): Promise<readonly string[]> {
  const listen = countEvents(instruments, known, clientLabel);
  for (const event of events) listen({ ...request, ...event });
  const lines = (await instruments.text()).split("\n").filter((line) => /^mintmark_.* [^0]/.test(line));
  return lines.map((line) => line.replace("mintmark_", "").replace("_total{", "{"));
}

const AUTHENTICATED = 'client_authentications{method="client_secret_basic",outcome="authenticated"} 1';
const minted = {
  event: "minted",
  grantType: "arbitrary_token",
  accessTokenType: "jwt",
  jti: "j1",
  family: undefined,
} as const;
const refusal = { reason: "It is wrong.", cause: undefined } as const;

it("counts the tokens of a mint", async () => {
  expect(await counted([minted])).toEqual([
    'tokens_issued{tenant="default",grant_type="arbitrary_token",token_type="jwt"} 1',
    AUTHENTICATED,
  ]);
});

it("counts a refresh, and the tokens that it gives", async () => {
  const refreshed = { grantType: "arbitrary_token", accessTokenType: "reference", jti: "j1", family: "f1" } as const;
  expect(await counted([{ ...refreshed, event: "refreshed", operation: "refresh" }])).toEqual([
    'tokens_issued{tenant="default",grant_type="refresh_token",token_type="reference"} 1',
    'tokens_issued{tenant="default",grant_type="refresh_token",token_type="refresh_token"} 1',
    'refreshes{tenant="default",outcome="refreshed"} 1',
    AUTHENTICATED,
  ]);
});

it.each([
  ["reused", { event: "refresh_reused", family: "f1", code: "invalid_grant" }],
  ["refused", { event: "refused", code: "invalid_grant" }],
  ["failed", { event: "refused", code: "temporarily_unavailable" }],
  ["refused", { event: "rate_limited", limit: "requests_per_client", code: "temporarily_unavailable" }],
] as const)("counts a refresh that is %s", async (outcome, event) => {
  const counts = await counted([{ operation: "refresh", ...event, ...refusal }]);
  expect(counts.filter((line) => !line.startsWith("rate_limited"))).toEqual([
    `refreshes{tenant="default",outcome="${outcome}"} 1`,
    `refusals{tenant="default",operation="refresh",error="${event.event === "rate_limited" ? event.event : event.code}"} 1`,
    AUTHENTICATED,
  ]);
});

it.each([
  ['introspections{tenant="default",active="true"} 1', { event: "introspected", active: true }],
  ['introspections{tenant="default",active="false"} 1', { event: "introspected", active: false }],
  ['revocations{tenant="default",kind="grant"} 1', { event: "revoked", what: "grant", family: "f1" }],
  ['revocations{tenant="default",kind="nothing"} 1', { event: "revoked", what: "nothing" }],
  ['revocations{tenant="default",kind="client"} 1', { event: "client_revoked", revokedClient: "web" }],
] as const)("counts %s", async (line, event) => {
  expect(await counted([{ ...event, authentication: undefined }])).toEqual([line]);
});

it.each([
  ["refused", { event: "client_refused", code: "invalid_client", client: undefined }],
  ["failed", { event: "client_refused", code: "temporarily_unavailable", client: "web" }],
  [
    "rate_limited",
    {
      event: "rate_limited",
      limit: "failed_authentication_per_client",
      code: "temporarily_unavailable",
      client: "web",
    },
  ],
  ["authenticated", { event: "rate_limited", limit: "mint_per_client", code: "temporarily_unavailable" }],
  ["failed", { event: "refused", code: "temporarily_unavailable", client: undefined }],
  ["authenticated", { event: "refused", code: "invalid_scope" }],
] as const)("counts a client that is %s", async (outcome, event) => {
  expect(await counted([{ ...event, ...refusal }])).toContain(
    `client_authentications{method="client_secret_basic",outcome="${outcome}"} 1`,
  );
});

it.each([
  ["rate_limited", { event: "rate_limited", limit: "mint_per_client" }],
  ["overloaded", { event: "overloaded", bound: "maxRequestsInFlight" }],
  ["temporarily_unavailable", { event: "refused" }],
] as const)("tells a refusal that is %s from one by a store that does not answer", async (error, event) => {
  expect(await counted([{ ...event, code: "temporarily_unavailable", ...refusal }])).toContain(
    `refusals{tenant="default",operation="mint",error="${error}"} 1`,
  );
});

it("counts a request that a limit refused", async () => {
  const limited = { event: "rate_limited", limit: "mint_per_client", code: "temporarily_unavailable" } as const;
  expect(await counted([{ ...limited, ...refusal }])).toContain('rate_limited{limit="mint_per_client"} 1');
});

it("does not count an operator who is held up as a client", async () => {
  const held = { event: "rate_limited", limit: "failed_authentication_per_client", operator: "ops" } as const;
  const operator = { authentication: undefined, client: undefined, code: "temporarily_unavailable" };
  const counts = await counted([{ ...held, ...operator, ...refusal }]);
  expect(counts.filter((line) => line.startsWith("client_authentications"))).toEqual([]);
});

it("counts a client whose credentials could not be read", async () => {
  const unread = { authentication: undefined, client: undefined };
  expect(await counted([{ event: "client_refused", code: "invalid_client", ...unread, ...refusal }])).toEqual([
    'refusals{tenant="default",operation="mint",error="invalid_client"} 1',
    'client_authentications{method="_OTHER",outcome="refused"} 1',
  ]);
});

it("makes no time series for what a caller chose", async () => {
  const odd = { tenant: "odd", operation: "odd", authentication: undefined, code: "invalid_request" };
  expect(
    await counted([
      { ...minted, tenant: "odd", grantType: "odd", authentication: undefined },
      { event: "refused", ...odd, ...refusal },
      { event: "refused", ...odd, ...refusal, tenant: "odder", operation: "odder" },
    ]),
  ).toEqual([
    'tokens_issued{tenant="_OTHER",grant_type="_OTHER",token_type="jwt"} 1',
    'refusals{tenant="_OTHER",operation="_OTHER",error="invalid_request"} 2',
  ]);
});

it.each([
  [false, ""],
  [true, ',client="web"'],
])("begins to count refreshes before there are any, by client or not: %j", async (clientLabel, label) => {
  expect(await counted([], clientLabel)).toEqual([]);
  const text = await instruments.text();
  for (const outcome of ["refreshed", "reused", "refused", "failed"])
    expect(text).toContain(`mintmark_refreshes_total{tenant="default"${label},outcome="${outcome}"} 0\n`);
});

it("counts by client if that is configured", async () => {
  const stranger = { event: "client_refused", code: "invalid_client", client: "stranger" } as const;
  expect(await counted([minted, { ...stranger, ...refusal }], true)).toEqual([
    'tokens_issued{tenant="default",client="web",grant_type="arbitrary_token",token_type="jwt"} 1',
    'refusals{tenant="default",operation="mint",error="invalid_client"} 1',
    'client_authentications{method="client_secret_basic",outcome="authenticated",client="web"} 1',
    'client_authentications{method="client_secret_basic",outcome="refused"} 1',
  ]);
});

it("does not count what is told besides how requests end", async () => {
  const notice: Event = { event: "rows_not_genuine", tenant: "default", count: 1, operation: "mint" };
  expect(await counted([notice as never])).toEqual([]);
});
