import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { toHeaders } from "../../src/rpc/metadata.ts";
import { callerOf } from "../../src/wire/caller.ts";
import { trustedProxies } from "../../src/wire/remote-address.ts";

const nobody = trustedProxies([]);
const request = { socket: { remoteAddress: "192.0.2.1" }, method: "POST", path: "/connect/token?a=b" };
const caller = (...fields: string[]) =>
  callerOf({ fields, ...request }, { isTrusted: nobody, publicUrls: ["https://mint.example/base"] });

describe("who calls", () => {
  it.each([
    [[], undefined],
    [["x", "authorization", "authorization-x", "y"], undefined],
    [["x", "1", "Authorization", "a"], "a"],
    [["authorization", ""], undefined],
    [["authorization", "", "AUTHORIZATION", "a"], ", a"],
    [["authorization", "authorization", "authorization", "b"], "authorization, b"],
  ])("of the fields %o authorization is %s", (fields, authorization) => {
    expect(caller(...fields).authorization).toBe(authorization);
  });

  it("has every value of gRPC's metadata", () => {
    const metadata = new Metadata();
    for (const value of ["Basic YTpi", "Basic Yzpk"]) metadata.add("authorization", value);
    expect(caller(...toHeaders(metadata).flat()).authorization).toBe("Basic YTpi, Basic Yzpk");
  });

  it("has a client-id beside an assertion alone", () => {
    expect(caller("client-id", "a", "client-assertion", "b").clientId).toBe("a");
    expect(caller("client-id", "a", "authorization", "b").clientId).toBeUndefined();
  });

  it("has its socket's address, and that of a client if the socket is a proxy's", () => {
    expect(caller("x-forwarded-for", "198.51.100.1").remoteAddress).toBe("192.0.2.1");
    const fields = ["x-forwarded-for", "198.51.100.1"];
    const behind = callerOf({ fields, ...request }, { isTrusted: trustedProxies(["192.0.2.0/24"]), publicUrls: [] });
    expect(behind.remoteAddress).toBe("198.51.100.1");
  });

  it("shows the proofs of its DPoP headers, for the request as clients know it", () => {
    const url = "https://mint.example/base/connect/token";
    expect(caller("DPoP", "a", "host", "evil.example", "dpop", "b").dpop).toEqual({
      proofs: ["a", "b"],
      method: "POST",
      urls: [url],
    });
    expect(caller("dpop-nonce", "a").dpop).toBeUndefined();
  });

  it.each(["a", "7f1c.9-A_b~:+/=@", "x".repeat(128)])("may choose the id of its request: %s", (id) => {
    expect(caller("X-Request-Id", id).requestId).toBe(id);
  });

  it.each(
    [
      ["", "a b", 'a"b', "a\nb", "é", "x".repeat(129)].map((id) => ["x-request-id", id]),
      [["x-request-id", "a", "x-request-id", "b"]],
    ].flat(),
  )("is given one instead of what is not safe: %o", (...fields) => {
    const [first, second] = [caller(...fields), caller(...fields)].map(({ requestId }) => requestId);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(second).not.toBe(first);
  });

  it("passes on the trace context as it came", () => {
    expect(caller("traceparent", "00-a-b-01", "tracestate", "x=1")).toMatchObject({
      traceParent: "00-a-b-01",
      traceState: "x=1",
    });
  });
});
