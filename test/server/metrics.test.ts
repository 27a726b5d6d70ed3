import { Counter, Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatDocument } from "../../src/registry/document.ts";
import { observed, openMetrics } from "../../src/server/metrics.ts";
import { VERSION } from "../../src/server/version.ts";
import { DurationHistogram } from "../../src/telemetry/metrics/histogram.ts";
import { testContext } from "../support/context.ts";
import { documentedMetrics } from "../support/documented-metrics.ts";
import { recordingLogger } from "../support/logger.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { clientRow } from "../support/registry.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { healthClient } from "../support/standard-clients.ts";
import { CLIENT_ID, fileOf, OPERATOR_ID, SECRET, testTenant } from "../support/tenant.ts";

const OPEN_METRICS = "application/openmetrics-text";

const mint = {
  grant_type: "arbitrary_resource_owner",
  scope: "offline_access",
  subject: "a-subject-of-this-test",
  arbitrary_claims: '{"claim-of-this-test":"value-of-this-test"}',
};

function post(service: TestService, path: string, fields: Record<string, string>): Promise<Response> {
  return fetch(service.publicUrl + path, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("arbitrary-resource-owner-client:secret")}` },
    body: new URLSearchParams(fields),
  });
}

function scrape({ managementPort }: TestService, options: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${managementPort}/metrics`, options);
}

const NO_AUDIT = { lostInAll: () => undefined };

describe("a service", () => {
  let service: TestService;
  let minted: Record<string, string>;
  let text: string;
  beforeAll(async () => {
    service = await startTestService();
    minted = (await (await post(service, "/connect/token", mint)).json()) as Record<string, string>;
    await post(service, "/connect/introspect", { token: minted.access_token ?? "" });
    await post(service, "/connect/token", { ...mint, grant_type: minted.access_token ?? "" });
    await post(service, `/${minted.access_token}/connect/token`, mint);
    text = await (await scrape(service)).text();
  });
  afterAll(() => service.close());

  it("counts and measures what it does", () => {
    const lines = text.split("\n");
    const tenant = 'tenant="default"';
    const grant = `${tenant},grant_type="arbitrary_resource_owner"`;
    for (const line of [
      `mintmark_tokens_issued_total{${grant},token_type="jwt"} 1`,
      `mintmark_tokens_issued_total{${grant},token_type="refresh_token"} 1`,
      `mintmark_introspections_total{${tenant},active="true"} 1`,
      `mintmark_refusals_total{${tenant},operation="mint",error="unsupported_grant_type"} 1`,
      'mintmark_client_authentications_total{method="client_secret_basic",outcome="authenticated"} 3',
      'mintmark_signing_seconds_count{algorithm="RS256"} 1',
      'mintmark_store_operation_duration_seconds_count{store="sqlite",operation="families.create",outcome="ok"} 1',
      `mintmark_build_info{version="${VERSION}",node_version="${process.versions.node}"} 1`,
    ])
      expect(lines).toContain(line);
  });

  it("measures requests and RPCs", async () => {
    await fetch(`${service.publicUrl}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    const rpc = healthClient(`127.0.0.1:${service.rpcPort}`);
    await rpc.call("Check", { service: "" });
    rpc.close();
    const common = 'network_protocol_version="1.1",url_scheme="http"';
    // A server may notice the end of a request after its client.
    await expect
      .poll(async () => (await (await scrape(service)).text()).split("\n"))
      .toEqual(
        expect.arrayContaining([
          `http_server_request_duration_seconds_count{http_request_method="POST",http_route="/connect/introspect",http_response_status_code="200",${common}} 1`,
          `http_server_request_duration_seconds_count{http_request_method="POST",http_route="_OTHER",http_response_status_code="404",${common}} 1`,
          'rpc_server_call_duration_seconds_count{rpc_system_name="connectrpc",rpc_method="grpc.health.v1.Health/Check"} 1',
          'rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="grpc.health.v1.Health/Check",rpc_status_code="OK"} 1',
        ]),
      );
  });

  it("counts refusals that reach no operation", async () => {
    await fetch(`${service.publicUrl}/.well-known/jwks.json`, { method: "POST" });
    expect(await (await scrape(service)).text()).toContain(
      'mintmark_refusals_total{tenant="default",operation="jwks",error="invalid_request"} 1\n',
    );
  });

  it("tells the age of the signing key, and when the next one takes over", () => {
    const valueIn = (name: string) => Number(new RegExp(`^${name}{tenant="default"} (.+)$`, "m").exec(text)?.[1]);
    const next = valueIn("mintmark_signing_key_next_rotation_timestamp_seconds");
    const { rotateEvery } = service.config.tenants.get("default")?.signing ?? { rotateEvery: Number.NaN };
    expect(next).toBeGreaterThan(Date.now() / 1000 + rotateEvery - 600);
    expect(next).toBeLessThanOrEqual(Date.now() / 1000 + rotateEvery);
    expect(valueIn("mintmark_signing_key_age_seconds")).toBeGreaterThanOrEqual(0);
  });

  it("has the metrics that the documentation lists", () => {
    expect(text.match(/(?<=^# TYPE )\S+/gm)?.toSorted()).toEqual([...documentedMetrics.keys()].toSorted());
  });

  it("tells no secret, token, subject or claim", () => {
    const secrets = [
      ...Object.values(minted).filter((value) => String(value).length > 10),
      mint.subject,
      "of-this-test",
    ];
    expect(secrets.length).toBeGreaterThanOrEqual(4);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it("answers in both formats, one after the other", async () => {
    const open = await scrape(service, { headers: { accept: OPEN_METRICS } });
    expect(open.headers.get("content-type")).toBe(`${OPEN_METRICS}; version=1.0.0; charset=utf-8`);
    expect(await open.text()).toMatch(/# TYPE mintmark_tokens_issued counter\n.*\n# EOF\n$/s);
    const plain = await scrape(service);
    expect(plain.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await plain.text()).toContain("# TYPE mintmark_tokens_issued_total counter\n");
  });

  it("answers HEAD, no other method, and on no other port", async () => {
    expect((await scrape(service, { method: "HEAD" })).status).toBe(200);
    expect((await scrape(service, { method: "POST" })).status).toBe(405);
    expect((await fetch(`${service.publicUrl}/metrics`)).status).toBe(404);
  });
});

describe("a service that cannot measure anything", () => {
  const broken = () => {
    throw new Error("metrics are broken");
  };
  const parts: readonly [object, string][] = [
    [Counter.prototype, "incWithoutExemplar"],
    [DurationHistogram.prototype, "observe"],
    [Registry.prototype, "metrics"],
  ];
  const whole = parts.map(([prototype, name]) => Reflect.get(prototype, name));
  let service: TestService;
  beforeAll(async () => {
    for (const [prototype, name] of parts) Reflect.set(prototype, name, broken);
    service = await startTestService();
  });
  afterAll(async () => {
    await service.close();
    for (const [index, [prototype, name]] of parts.entries()) Reflect.set(prototype, name, whole[index]);
  });

  it("answers requests, says so once, and fails scrapes alone", async () => {
    for (let requests = 0; requests < 2; requests++)
      expect((await post(service, "/connect/token", mint)).status).toBe(200);
    expect((await scrape(service)).status).toBe(500);
    expect((await fetch(`http://127.0.0.1:${service.managementPort}/readyz`)).status).toBe(200);
    const told = service.logger.lines.filter(({ message }) => message.startsWith("something could not be measured"));
    expect(told).toHaveLength(1);
  });
});

describe("the keys of a node", () => {
  it("are those that sign now, until the next one is known by the policy, then by its own time", async () => {
    const { node, clock, engine, tenant } = await testContext();
    const { activeKeys } = observed(node, undefined, NO_AUDIT);
    const [begun] = activeKeys();
    expect(begun).toMatchObject({ tenant: tenant.id, age: 0 });
    clock.advance(60_000);
    expect(activeKeys()).toEqual([{ ...begun, age: 60 }]);
    await engine.rotate({ authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` }, { mode: "graceful" });
    const [rotated] = activeKeys();
    expect(rotated?.nextRotation).toBe(clock.now() / 1000 + tenant.signing.publishAhead);
  });

  it("are none for a tenant that is no longer configured", async () => {
    const { node } = await testContext();
    await node.reconfigure(fileOf());
    expect(observed(node, undefined, NO_AUDIT).activeKeys()).toEqual([]);
  });
});

it("tells of what is stored and cannot be used", async () => {
  const store = createMemoryStore();
  const document = formatDocument({ entry: { grants: 7 }, secrets: [] });
  await store.registrations.put(clientRow("billing", {}, { document }), undefined);
  const { node } = await testContext(testTenant(), store);
  expect(observed(node, undefined, NO_AUDIT).unusable()).toEqual({ tenant: 0, client: 1, keys: 0 });
});

it("tells of lines that the log and the audit have lost", async () => {
  const { node } = await testContext();
  expect(observed(node, undefined, { lostInAll: () => 2 }).linesLost()).toEqual({ log: 0, audit: 2 });
});

it("counts by client if that is configured", async () => {
  const { node } = await testContext();
  for (const clientLabel of [true, false]) {
    const metrics = openMetrics({ metrics: { clientLabel } }, recordingLogger());
    metrics.close();
    metrics.observe(observed(node, undefined, NO_AUDIT));
    const { text } = await metrics.scrape(undefined);
    expect(text.includes(`client="${CLIENT_ID}"`)).toBe(clientLabel);
  }
});
