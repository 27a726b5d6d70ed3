import { context, propagation, trace } from "@opentelemetry/api";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inSpan, inTrace, spansOfRequests } from "../../src/telemetry/spans.ts";
import { type RecordingSdk, startSdk } from "../support/spans.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const received = { traceParent: `00-${TRACE_ID}-${PARENT}-01`, traceState: "vendor=value" };
const options = { failureOf: () => ({ type: "failed", isFault: true }) };
const ended = { method: "GET", route: "/", status: 200, isCutOff: false, version: "1.1", scheme: "http" } as const;

describe("without an SDK", () => {
  it("a request keeps the trace that it names", () => {
    const watch = spansOfRequests.arrived(received);
    expect(watch.trace).toBe(received);
    watch.request(ended);
    watch.end();
  });

  it("nothing is put around what runs", async () => {
    const running = Promise.resolve(1);
    expect(inTrace(received, () => inSpan("part", options, () => running))).toBe(running);
  });
});

describe("with an SDK", () => {
  let sdk: RecordingSdk;
  beforeEach(() => {
    sdk = startSdk();
  });
  afterEach(() => sdk.stop());

  it("what a request causes is in its trace", async () => {
    const watch = spansOfRequests.arrived(received);
    await inTrace(watch.trace, () => inSpan("part", options, async () => undefined));
    watch.request(ended);
    watch.end();
    const [part, request] = sdk.spans();
    expect(watch.trace.traceParent).toBe(`00-${TRACE_ID}-${request?.spanContext().spanId}-01`);
    expect(watch.trace.traceState).toBe("vendor=value");
    expect(part?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect(request?.parentSpanContext?.spanId).toBe(PARENT);
  });

  it("a request that is not sampled makes no span, and passes that on", async () => {
    const watch = spansOfRequests.arrived({ traceParent: received.traceParent.replace(/01$/, "00") });
    expect(watch.trace.traceParent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
    await inTrace(watch.trace, () => inSpan("part", options, async () => undefined));
    watch.end();
    expect(sdk.spans()).toEqual([]);
  });

  it.each([undefined, "", "secret", `00-${"0".repeat(32)}-${PARENT}-01`, `00-${TRACE_ID}-${PARENT}-01-more`])(
    "a request whose traceparent is %j begins a trace",
    (traceParent) => {
      const watch = spansOfRequests.arrived({ traceParent });
      expect(watch.trace.traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      watch.end();
      expect(sdk.spans()[0]?.parentSpanContext).toBeUndefined();
    },
  );

  it("a span of an instrumentation of Node's is the parent of a request's", () => {
    const outer = trace.getTracer("http").startSpan("outer");
    context.with(trace.setSpan(context.active(), outer), () => spansOfRequests.arrived(received).end());
    expect(sdk.spans()[0]?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  it("what no request causes has no span", async () => {
    expect(await inSpan("part", options, async () => 1)).toBe(1);
    expect(sdk.spans()).toEqual([]);
  });

  it("an error passes through, and its message is not told", async () => {
    const error = new Error("with a secret");
    const failing = inTrace(received, () => inSpan("part", options, () => Promise.reject(error)));
    await expect(failing).rejects.toBe(error);
    const [part] = sdk.spans();
    expect(part).toMatchObject({ attributes: { "error.type": "failed" }, status: { code: 2 }, events: [] });
    expect(part?.status.message).toBeUndefined();
  });

  it("a client that leaves is not an error", () => {
    const watch = spansOfRequests.arrived({});
    watch.request({ ...ended, status: undefined, isCutOff: true });
    watch.end();
    expect(sdk.spans()[0]).toMatchObject({ attributes: { "error.type": "cut_off" }, status: { code: 0 } });
  });
});

it("an SDK that fails changes nothing", async () => {
  const broken = () => {
    throw new Error("the SDK is broken");
  };
  const processor = {
    onStart: broken,
    onEnd: broken,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  new NodeTracerProvider({ spanProcessors: [processor] }).register();
  const watch = spansOfRequests.arrived(received);
  expect(watch.trace).toBe(received);
  watch.request(ended);
  watch.end();
  expect(await inTrace(received, () => inSpan("part", options, async () => 1))).toBe(1);
  for (const api of [trace, context, propagation]) api.disable();
});
