import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fileWorld, problemsOf, yamlOf } from "./context.ts";

const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url), "utf8");
const files = { "/srv/a.crt": pem("cert.pem"), "/srv/a.key": pem("key.pem") };
const problems = (top: object, env: Record<string, string> = {}) =>
  problemsOf(fileWorld(yamlOf({}, {}, { publicUrl: "https://mint.example", ...top }), env, files));

const told = (setting: string, address: string) =>
  `${setting}: expected a loopback address, got ${address}, which others can reach without TLS: set tls, or ` +
  "trustedProxies if a proxy in front of it terminates TLS, or insecureHttp: true";

describe("plain text on an address that others can reach", () => {
  test.each(["0.0.0.0:7001", "[::]:7001", "10.0.0.1:7001", "mint.example:7001", "[fd00::1]:7001"])(
    "is refused for every listener: %s",
    (address) => {
      expect(problems({ httpAddress: address })).toEqual([told("MINTMARK_HTTP_ADDRESS (httpAddress)", address)]);
      expect(problems({}, { MINTMARK_RPC_ADDRESS: address })).toEqual([
        told("MINTMARK_RPC_ADDRESS (rpcAddress)", address),
      ]);
      expect(problems({ operatorAddress: address })).toEqual([
        told("MINTMARK_OPERATOR_ADDRESS (operatorAddress)", address),
      ]);
    },
  );

  test.each([
    { tls: { certificate: "a.crt", key: "a.key" } },
    { trustedProxies: ["10.1.0.0/16"] },
    { insecureHttp: true },
  ])("is taken with %j", (top) =>
    expect(
      problems({ httpAddress: "0.0.0.0:7001", rpcAddress: "0.0.0.0:7002", operatorAddress: "0.0.0.0:7003", ...top }),
    ).toEqual([]),
  );

  test("is taken for the health of the process, which nobody sends a secret to", () => {
    expect(problems({ managementAddress: "0.0.0.0:7003" })).toEqual([]);
  });

  test("needs more than an empty list or a false", () => {
    expect(problems({ httpAddress: "0.0.0.0:7001", trustedProxies: [], insecureHttp: false })).toHaveLength(1);
  });

  test.each(["127.0.0.1:7001", "localhost:7001", "[::1]:7001"])("%s needs nothing", (httpAddress) =>
    expect(problems({ httpAddress })).toEqual([]),
  );
});

describe("the trusted proxies", () => {
  test.each(["10.0.0.1", "10.0.0.0/8", "192.168.1.1/32", "::1", "fd00::/8", "fd00::1/128"])("may be %s", (proxy) =>
    expect(problems({ trustedProxies: [proxy] })).toEqual([]),
  );

  test.each([
    "",
    "10.0.0",
    "10.0.0.1/33",
    "10.0.0.0/",
    "10.0.0.0/08",
    "0.0.0.0/0",
    "::/0",
    "fd00::/129",
    "[::1]",
    "fe80::1%eth0",
    "proxy.example",
    "10.0.0.1:80",
  ])("cannot be %j", (proxy) =>
    expect(problems({ trustedProxies: ["10.0.0.1", proxy] })).toEqual([
      `trustedProxies[1]: expected an IP address, or a network such as 10.1.0.0/16 or fd00::/8, got ${JSON.stringify(proxy)}`,
    ]),
  );
});
