import { beforeEach, describe, expect, it } from "vitest";
import { createMeter, watchDurations } from "../../../src/telemetry/metrics/durations.ts";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import type { EndedCall, EndedRequest, Watch } from "../../../src/telemetry/watcher.ts";
import { recordingLogger } from "../../support/logger.ts";

let instruments: Instruments;
let elapsed: number;
let watch: Watch;
beforeEach(() => {
  instruments = new Instruments(recordingLogger());
  elapsed = 1_000;
  watch = watchDurations(instruments, () => elapsed).arrived({});
});

/** The labels of each count of a histogram. */
async function counts(name: string): Promise<readonly string[]> {
  const start = `${name}_count`;
  return (await instruments.text())
    .split("\n")
    .flatMap((line) => (line.startsWith(start) ? line.slice(start.length) : []));
}

describe("a request", () => {
  const request: EndedRequest = {
    method: "POST",
    route: "/connect/token",
    status: 200,
    isCutOff: false,
    version: "1.1",
    scheme: "http",
  };
  const name = "http_server_request_duration_seconds";

  it.each<[Partial<EndedRequest>, string]>([
    [
      {},
      'http_request_method="POST",http_route="/connect/token",http_response_status_code="200",network_protocol_version="1.1",url_scheme="http"',
    ],
    [
      { method: "BREW", route: undefined, status: 404, version: "2.0", scheme: "https" },
      'http_request_method="_OTHER",http_route="_OTHER",http_response_status_code="404",network_protocol_version="2",url_scheme="https"',
    ],
    [
      { status: 503 },
      'http_request_method="POST",http_route="/connect/token",http_response_status_code="503",network_protocol_version="1.1",url_scheme="http",error_type="503"',
    ],
    [
      { status: undefined, isCutOff: true },
      'http_request_method="POST",http_route="/connect/token",network_protocol_version="1.1",url_scheme="http",error_type="cut_off"',
    ],
  ])("has the labels of the semantic conventions: %j", async (changes, labels) => {
    watch.request({ ...request, ...changes });
    expect(await counts(name)).toEqual([`{${labels}} 1`]);
  });

  it("is in the buckets that its seconds belong to", async () => {
    elapsed += 3;
    watch.request(request);
    const text = await instruments.text();
    expect(text).toMatch(/le="0.0025",.*} 0\n/);
    expect(text).toMatch(/le="0.005",.*} 1\n/);
  });
});

describe("a call", () => {
  it.each<[Pick<EndedCall, "system" | "method" | "status">, string]>([
    [
      { system: "grpc", method: "a.B/C", status: "INVALID_ARGUMENT" },
      'rpc_system_name="grpc",rpc_method="a.B/C",rpc_status_code="INVALID_ARGUMENT"',
    ],
    [
      { system: "grpc", method: undefined, status: "UNIMPLEMENTED" },
      'rpc_system_name="grpc",rpc_method="_OTHER",rpc_status_code="UNIMPLEMENTED",error_type="UNIMPLEMENTED"',
    ],
    [{ system: "connectrpc", method: "a.B/C", status: undefined }, 'rpc_system_name="connectrpc",rpc_method="a.B/C"'],
    [
      { system: "connectrpc", method: "a.B/C", status: "unavailable" },
      'rpc_system_name="connectrpc",rpc_method="a.B/C",rpc_status_code="unavailable",error_type="unavailable"',
    ],
  ])("has the labels of the semantic conventions: %j", async (call, labels) => {
    watch.call(call);
    expect(await counts("rpc_server_call_duration_seconds")).toEqual([`{${labels}} 1`]);
  });
});

it("a call of the store and a signature have labels of their own", async () => {
  const meter = createMeter(instruments);
  meter.storeCall({ store: "sqlite", operation: "families.advance", outcome: "ok", seconds: 0.1 });
  meter.signed({ algorithm: "ES256", seconds: 0.1 });
  expect(await counts("mintmark_store_operation_duration_seconds")).toEqual([
    '{store="sqlite",operation="families.advance",outcome="ok"} 1',
  ]);
  expect(await counts("mintmark_signing_seconds")).toEqual(['{algorithm="ES256"} 1']);
});
