import { beforeAll, describe, expect, it } from "vitest";
import type { Ending } from "../../../src/telemetry/events.ts";
import { createMetrics } from "../../../src/telemetry/metrics/index.ts";
import { documentedMetrics, type ListedMetric } from "../../support/documented-metrics.ts";
import { recordingLogger } from "../../support/logger.ts";

/** All metrics of a scrape, each with all labels that any of its lines has. */
function scraped(text: string): ReadonlyMap<string, ListedMetric> {
  const families = text.matchAll(/^# TYPE (?<name>\S+) (?<type>\w+)\n(?<lines>(?:[^#].*\n)*)/gm);
  const listed = Array.from(
    families,
    ({ groups: { name = "", type = "", lines = "" } = {} }): [string, ListedMetric] => {
      const labels = new Set(Array.from(lines.matchAll(/[{,](\w+)="/g), ([, label = ""]) => label));
      labels.delete("le");
      return [name, { type, labels: [...labels].toSorted() }];
    },
  );
  return new Map(listed);
}

const request = { tenant: "default", requestId: "r1", remoteAddress: "192.0.2.1", authentication: "none" };
const refusal = { code: "temporarily_unavailable", reason: "Too many.", cause: undefined };
const endings: readonly Ending[] = [
  {
    ...request,
    operation: "mint",
    event: "minted",
    grantType: "a",
    accessTokenType: "jwt",
    jti: "j",
    family: undefined,
  },
  { ...request, operation: "introspect", event: "introspected", active: true },
  { ...request, operation: "revoke", event: "revoked", what: "nothing" },
  { ...request, operation: "mint", event: "rate_limited", limit: "mint_per_client", ...refusal },
];

describe("the metrics of a process", () => {
  let text: string;
  beforeAll(async () => {
    const known = { grantTypes: new Set<string>(), operations: new Set<string>() };
    const metrics = createMetrics({
      version: "1.0.0",
      logger: recordingLogger(),
      elapsed: () => 0,
      clientLabel: false,
      known,
    });
    const { meter, watcher } = metrics;
    metrics.close();
    const tenant = { id: "default", clients: new Map() };
    metrics.observe({
      registry: { tenant: () => tenant, tenants: () => [tenant] },
      activeKeys: () => [{ tenant: "default", age: 0, nextRotation: 1 }],
      certificateExpiry: () => 1,
      unusable: () => ({ tenant: 0, client: 3, keys: 1 }),
      linesLost: () => ({ log: 0, audit: 2 }),
    });
    for (const event of endings) metrics.listen(event);
    const http = { method: "POST", route: "/", status: 500, isCutOff: false, version: "1.1", scheme: "http" } as const;
    const watch = watcher.arrived({});
    watch.request(http);
    watch.call({ system: "grpc", method: "a.B/C", status: "INTERNAL" });
    meter.storeCall({ store: "sqlite", operation: "sweep", outcome: "ok", seconds: 0.1 });
    meter.signed({ algorithm: "ES256", seconds: 0.1 });
    ({ text } = await metrics.scrape(undefined));
  });

  it("are those that the documentation lists, each with its type and its labels", () => {
    expect(Object.fromEntries(documentedMetrics)).toEqual(Object.fromEntries(scraped(text)));
    expect(documentedMetrics.size).toBe(19);
  });

  it("tell how many stored entries cannot be used", () => {
    const values = [...text.matchAll(/^mintmark_unusable_entries\{kind="(\w+)"\} (\d+)$/gm)];
    expect(values.map(([, kind, value]) => `${kind} ${value}`)).toEqual(["tenant 0", "client 3", "keys 1"]);
  });

  it("tell how many lines each output has lost", () => {
    expect(text).toContain('mintmark_lines_lost_total{output="log"} 0\nmintmark_lines_lost_total{output="audit"} 2\n');
  });

  it("have buckets from 0.5 ms", () => {
    const least = [...text.matchAll(/^(\w+)_bucket\{le="(.+?)"/gm)].filter(([, , le]) => Number(le) < 0.001);
    const histograms = [...documentedMetrics].filter(([, { type }]) => type === "histogram");
    expect(Object.fromEntries(least.map(([, name, le]) => [name, le]))).toEqual(
      Object.fromEntries(histograms.map(([name]) => [name, "0.0005"])),
    );
  });
});
