import { EventEmitter } from "node:events";
import type { MethodImplSpec } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { CallContext } from "../../src/rpc/call-context.ts";
import { cancelled, over, serverStopping } from "../../src/rpc/errors.ts";
import { Arrival, nameArrival } from "../../src/wire/arrival.ts";

const unary: MethodImplSpec = { kind: "unary", method: TokenService.method.mint, impl: () => ({}) };
const stream: MethodImplSpec = { kind: "server_streaming", method: Health.method.watch, impl: async function* () {} };

/** A call of grpc-js as a context sees it, and its context. `deadline`: as grpc-js gives it. */
function opened({ spec = unary, deadline = Number.POSITIVE_INFINITY, stopping = new AbortController().signal } = {}) {
  const call = Object.assign(new EventEmitter(), {
    metadata: new Metadata(),
    cancelled: false,
    getDeadline: () => deadline,
    getHost: () => "mint.example",
    getPath: () => "/a.B/C",
  });
  call.metadata.set("x-sent", "1");
  nameArrival(call.metadata, new Arrival({ requestId: "r1" }, () => undefined));
  const cancel = () => {
    call.cancelled = true;
    call.emit("cancelled", "cancelled");
  };
  return { cancel, context: new CallContext(spec, call, { stopping }) };
}

describe("the signal of a call, even if it is asked for only then,", () => {
  it("says that its caller has given up", () => {
    const { cancel, context } = opened();
    cancel();
    expect(context.signal.reason).toBe(cancelled());
  });

  it("says that the call is over", () => {
    const { context } = opened();
    context.abort(over());
    expect(context.signal.reason).toBe(over());
  });

  it("says that its deadline has passed", () => {
    expect(opened({ deadline: 0 }).context.signal.aborted).toBe(true);
  });

  it("says that the server stops, if it is a stream", () => {
    const stopping = AbortSignal.abort(serverStopping());
    expect(opened({ stopping, spec: stream }).context.signal.reason).toBe(serverStopping());
    expect(opened({ stopping }).context.signal.aborted).toBe(false);
  });

  it("stays the same one", () => {
    const { cancel, context } = opened();
    const { signal } = context;
    cancel();
    expect(context.signal).toBe(signal);
    expect(signal.reason).toBe(cancelled());
  });
});

describe("a context", () => {
  it("knows its call", () => {
    const { context } = opened();
    expect(context.requestHeader.get("x-sent")).toBe("1");
    expect(context).toMatchObject({ url: "http://mint.example/a.B/C", method: TokenService.method.mint });
    expect(context.service).toBe(TokenService);
  });

  it("has the metadata that its implementation sets, and none by itself", () => {
    const { context } = opened();
    expect([context.header, context.trailer]).toEqual([undefined, undefined]);
    context.responseHeader.set("x-header", "h");
    expect(context.header?.get("x-header")).toEqual(["h"]);
    expect(context.trailer).toBeUndefined();
  });
});
