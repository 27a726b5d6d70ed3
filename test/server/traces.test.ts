import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aroundStore } from "../../src/server/around.ts";
import { spansOfStoreCalls, tracedEngine } from "../../src/server/traces.ts";
import { stockClient } from "../rpc/support.ts";
import { testContext } from "../support/context.ts";
import { failingStore } from "../support/failing-store.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { type RecordingSdk, startSdk, whatItSays } from "../support/spans.ts";
import { CLIENT_ID, SECRET, testTenant } from "../support/tenant.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const TRACE = { traceparent: `00-${TRACE_ID}-${PARENT}-01`, tracestate: "vendor=value" };
const AUTHORIZATION = `Basic ${btoa("arbitrary-resource-owner-client:secret")}`;
const GRANT = "arbitrary_resource_owner";
const MINT = "mintmark.v1.TokenService/Mint";

const claim = { "claim-of-this-test": "value-of-this-test" };
const subject = "subject-of-this-test";
const form = { grant_type: GRANT, scope: "offline_access", subject, arbitrary_claims: JSON.stringify(claim) };

let sdk: RecordingSdk;
let service: TestService;
beforeAll(async () => {
  sdk = startSdk();
  service = await startTestService();
});
beforeEach(() => sdk.clear());
afterAll(async () => {
  await service.close();
  sdk.stop();
});

async function post(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Record<string, string>> {
  const authorization = AUTHORIZATION;
  const body = new URLSearchParams(fields);
  const answer = await fetch(service.publicUrl + path, {
    method: "POST",
    headers: { authorization, ...headers },
    body,
  });
  return (await answer.json()) as Record<string, string>;
}

/** What each span says, and the name of the one that it is a part of. */
function described(spans: readonly ReadableSpan[]) {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans.map(({ name, kind, attributes, parentSpanContext, status }) => ({
    name,
    kind,
    of: names.get(parentSpanContext?.spanId ?? "") ?? parentSpanContext?.spanId,
    attributes,
    status: status.code,
  }));
}

const { CLIENT, INTERNAL, SERVER } = SpanKind;
const { ERROR, UNSET } = SpanStatusCode;
const fine = { attributes: {}, status: UNSET };

/** What every mint does. */
const minted = [
  { ...fine, name: "mint", kind: INTERNAL, attributes: { "mintmark.tenant": "default" } },
  { ...fine, name: "authenticate client", kind: INTERNAL, of: "mint" },
  { ...fine, name: "decide", kind: INTERNAL, of: "mint", attributes: { "mintmark.grant_type": GRANT } },
  { ...fine, name: "sign", kind: INTERNAL, of: "mint", attributes: { "mintmark.algorithm": "RS256" } },
  {
    ...fine,
    name: "families.create",
    kind: CLIENT,
    of: "mint",
    attributes: { "db.system.name": "sqlite", "db.operation.name": "families.create" },
  },
];

describe("the trace that a request names has its spans", () => {
  it("over HTTP", async () => {
    await post("/connect/token", form, TRACE);
    const request = await sdk.ended("POST /connect/token");
    expect(request.spanContext().traceState?.serialize()).toBe(TRACE.tracestate);
    const attributes = {
      "http.request.method": "POST",
      "http.route": "/connect/token",
      "http.response.status_code": 200,
      "network.protocol.version": "1.1",
      "url.scheme": "http",
    };
    const [mint = {}, ...parts] = minted;
    expect(described(sdk.spans())).toEqual(
      expect.arrayContaining([
        { ...fine, name: "POST /connect/token", kind: SERVER, of: PARENT, attributes },
        { ...mint, of: "POST /connect/token" },
        ...parts,
      ]),
    );
  });

  it("over gRPC", async () => {
    const client = stockClient(`127.0.0.1:${service.rpcPort}`);
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries({ ...TRACE, authorization: AUTHORIZATION })) metadata.set(name, value);
    const request = { grantType: GRANT, scopes: ["offline_access"], subject, arbitraryClaims: { fields: {} } };
    await client.call("Mint", request, metadata);
    client.close();
    await sdk.ended(MINT);
    const attributes = { "rpc.system.name": "grpc", "rpc.method": MINT, "rpc.status_code": "OK" };
    const [mint = {}, ...parts] = minted;
    expect(described(sdk.spans())).toEqual(
      expect.arrayContaining([
        { ...fine, name: MINT, kind: SERVER, of: PARENT, attributes },
        { ...mint, of: MINT },
        ...parts,
      ]),
    );
  });

  it("over Connect, by the name of its RPC", async () => {
    const headers = { ...TRACE, authorization: AUTHORIZATION, "content-type": "application/json" };
    const body = JSON.stringify({ grantType: GRANT, subject, arbitraryClaims: claim });
    await (await fetch(`${service.publicUrl}/${MINT}`, { method: "POST", headers, body })).text();
    await sdk.ended(MINT);
    const call = { "rpc.system.name": "connectrpc", "rpc.method": MINT };
    expect(described(sdk.spans())).toContainEqual({
      ...fine,
      name: MINT,
      kind: SERVER,
      of: PARENT,
      attributes: expect.objectContaining({ ...call, "http.response.status_code": 200 }),
    });
  });
});

it("a request without a trace begins one", async () => {
  await post("/connect/token", form);
  const request = await sdk.ended("POST /connect/token");
  expect(request.parentSpanContext).toBeUndefined();
  expect((await sdk.ended("mint")).spanContext().traceId).toBe(request.spanContext().traceId);
});

it("a refresh has spans", async () => {
  const { refresh_token = "" } = await post("/connect/token", form);
  await sdk.ended("POST /connect/token");
  sdk.clear();
  await post("/connect/token", { grant_type: "refresh_token", refresh_token });
  await sdk.ended("POST /connect/token");
  expect(sdk.spans().map(({ name }) => name)).toEqual(
    expect.arrayContaining(["refresh", "authenticate client", "families.advance", "sign"]),
  );
});

describe("what fails has the kind of its error", () => {
  it("without the status of an error, if the caller is at fault", async () => {
    await post("/connect/token", form, { authorization: `Basic ${btoa("arbitrary-resource-owner-client:wrong")}` });
    await sdk.ended("POST /connect/token");
    const refused = { status: UNSET, attributes: expect.objectContaining({ "error.type": "invalid_client" }) };
    // The store is called in the background, too.
    expect(described(sdk.spans()).filter(({ kind }) => kind !== CLIENT)).toEqual([
      { ...refused, name: "authenticate client", kind: INTERNAL, of: "mint" },
      { ...refused, name: "mint", kind: INTERNAL, of: "POST /connect/token" },
      expect.objectContaining({ name: "POST /connect/token", status: UNSET }),
    ]);
  });

  it("without a name that the caller chose", async () => {
    await fetch(`${service.publicUrl}/${subject}/${subject}`, { method: "PROPFIND" });
    await sdk.ended("_OTHER");
    expect(JSON.stringify(described(sdk.spans()))).not.toContain(subject);
  });
});

describe("an engine whose store is away", () => {
  it("has spans with the status of an error", async () => {
    const store = failingStore(createMemoryStore());
    const { node } = await testContext(testTenant(), aroundStore(store, spansOfStoreCalls("sqlite")));
    const engine = tracedEngine(node.engine).forTenant("default");
    store.failNext("families.create", "refused");
    const caller = { clientId: CLIENT_ID, clientSecret: SECRET, traceParent: TRACE.traceparent };
    const scopes = ["openid", "offline_access"];
    const refused = engine?.mint(caller, { grantType: "arbitrary_identity", subject, scopes });
    await expect(refused).rejects.toThrow();
    expect(described(sdk.spans()).filter(({ status }) => status === ERROR)).toEqual([
      expect.objectContaining({
        name: "families.create",
        attributes: expect.objectContaining({ "error.type": "StoreUnavailableError" }),
      }),
      expect.objectContaining({
        name: "mint",
        of: PARENT,
        attributes: { "mintmark.tenant": "default", "error.type": "temporarily_unavailable" },
      }),
    ]);
  });
});

it("no span has a token, a secret, a subject or a claim", async () => {
  const tokens = await post("/connect/token", { ...form, scope: "openid offline_access" });
  const { access_token = "", refresh_token = "" } = tokens;
  await post("/connect/introspect", { token: access_token });
  await post("/connect/token", { grant_type: "refresh_token", refresh_token });
  await post("/connect/revocation", { token: refresh_token });
  await post("/connect/token", { ...form, grant_type: access_token });
  await post(`/${access_token}?token=${access_token}`, form, { tracestate: `${subject}=${subject}` });
  const { spans } = sdk;
  await expect.poll(() => spans().filter(({ kind }) => kind === SERVER)).toHaveLength(6);
  const told = JSON.stringify(spans().map(whatItSays));
  const secrets = [...Object.values(tokens), "of-this-test", AUTHORIZATION].filter((text) => String(text).length > 10);
  expect(secrets.length).toBeGreaterThanOrEqual(5);
  for (const secret of secrets) expect(told).not.toContain(secret);
});

it("the documentation lists the spans, and what they say", async () => {
  const { access_token = "" } = await post("/connect/token", form);
  await post("/connect/introspect", { token: access_token });
  await expect.poll(() => sdk.spans().filter(({ kind }) => kind === SERVER)).toHaveLength(2);
  const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const section = /\n## Traces\n(.*?)\n## /s.exec(page)?.[1] ?? "";
  const listed = new Set(Array.from(section.matchAll(/`([^`\n]+)`/g), ([, text]) => text));
  const names = sdk.spans().flatMap(({ kind, name }) => (kind === INTERNAL ? name : []));
  const attributes = sdk.spans().flatMap((span) => Object.keys(span.attributes));
  expect(names).toContain("introspect");
  expect([...names, ...attributes].filter((text) => !listed.has(text))).toEqual([]);
});
