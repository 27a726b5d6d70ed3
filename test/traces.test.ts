import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { blocksOf } from "./support/snippets.ts";

const root = join(import.meta.dirname, "..");

/** A span as OTLP has it in JSON, and the only parts of an export that are looked at. */
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] };
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string; readonly traceId: string }[] }[];
  }[];
}

const exports: Exported[] = [];
let collector: Server;
let folder: string;
let service: ServiceProcess;
beforeAll(async () => {
  collector = createServer(async (request, response) => {
    exports.push((await json(request)) as Exported);
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "mintmark-traces-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const page = readFileSync(join(root, "docs/operations.md"), "utf8");
  const module = blocksOf(page).find(({ info, section }) => info === "js" && section === "Traces");
  writeFileSync(join(folder, "register.cjs"), module?.text ?? "");
  service = await startProcess(folder, {
    NODE_OPTIONS: `--require ${join(folder, "register.cjs")}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
});
afterAll(async () => {
  await service.stop();
  collector.closeAllConnections();
  collector.close();
  rmSync(folder, { recursive: true });
});

it("the SDK of the documentation exports the spans of a service", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const answer = await fetch(`${service.publicUrl}/connect/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa("arbitrary-resource-owner-client:secret")}`,
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    },
    body: new URLSearchParams({ grant_type: "arbitrary_resource_owner", subject: "a", arbitrary_claims: "{}" }),
  });
  expect(answer.status).toBe(200);
  const resources = () => exports.flatMap(({ resourceSpans }) => resourceSpans);
  const names = () =>
    resources()
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
      .flatMap((span) => (span.traceId === traceId ? span.name : []));
  await expect
    .poll(names)
    .toEqual(expect.arrayContaining(["POST /connect/token", "mint", "authenticate client", "decide", "sign"]));
  expect(resources()[0]?.resource.attributes).toContainEqual({
    key: "service.name",
    value: { stringValue: "mintmark" },
  });
});
