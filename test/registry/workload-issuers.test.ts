import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fileWorld, problemsOf } from "../config/context.ts";

const PUBLIC = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const DEVELOPMENT = {
  ...{ kty: "EC", crv: "P-256", x: "ddtKO9thsWiqXRJof8U4687e1COC0Pxv0APSgyQuQ5o" },
  y: "VDl98lQjGEPZoXquH_jtRfq3A-GVCWE2CyxZ5Km-o5w",
};
const jwks = { keys: [{ ...PUBLIC, kid: "a", use: "jwt-svid" }] };
const mesh = { trustDomain: "mesh.example", jwks };

function problemsWith(workloadIssuers: object, workload: object[] = []): readonly string[] {
  const clients = { web: { workload, requireSecret: false } };
  const file = { publicUrl: "https://mint.example", tenants: { default: { workloadIssuers, clients } } };
  return problemsOf(fileWorld(JSON.stringify(file))).map((line) => line.replace("tenants.default.", ""));
}

describe("issuers of workloads", () => {
  it.each([
    [{ a: { issuer: "https://cluster.example" } }],
    [{ a: { issuer: "https://cluster.example", jwks } }],
    [{ a: { issuer: "https://10.0.0.1", allowPrivateNetwork: true }, b: mesh }],
    [{ a: { trustDomain: "mesh.example", jwksUri: "https://spire.example/bundle" } }],
    [{ a: { ...mesh, jwks: { keys: [...jwks.keys, { ...PUBLIC, use: "x509-svid" }] } } }],
  ])("may be %j", (issuers) => expect(problemsWith(issuers)).toEqual([]));

  it.each<[object, string]>([
    [{ a: {} }, "workloadIssuers.a: expected either issuer or trustDomain"],
    [{ a: { ...mesh, issuer: "https://c.example" } }, "workloadIssuers.a: expected either issuer or trustDomain"],
    [{ a: { trustDomain: "mesh.example" } }, "workloadIssuers.a: expected jwks or jwksUri beside trustDomain"],
    [{ a: { trustDomain: "spiffe://mesh.example", jwks } }, "workloadIssuers.a.trustDomain: expected a trust domain"],
    [{ a: { ...mesh, jwksUri: "https://x.example" } }, "workloadIssuers.a.jwksUri: expected either jwks or jwksUri"],
    [{ a: { issuer: "https://10.0.0.1" } }, "workloadIssuers.a.issuer: expected a public address"],
    [
      { a: { ...mesh, jwks: { keys: [{ ...DEVELOPMENT, kid: "a" }] } } },
      "workloadIssuers.a.jwks.keys[0]: expected a key of your own",
    ],
    [{ a: mesh, b: mesh }, 'workloadIssuers.b: "mesh.example" is already the trust domain of a'],
  ])("may not be %j", (issuers, problem) => {
    const problems = problemsWith(issuers);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});

describe("the workloads of a client", () => {
  it("are those of the tenant's issuers", () => {
    expect(problemsWith({ mesh }, [{ issuer: "mesh", subject: "spiffe://mesh.example/web" }])).toEqual([]);
    expect(problemsWith({ mesh }, [{ issuer: "mash", subject: "x" }])).toEqual([
      `clients.web.workload[0].issuer: "mash" is none of the tenant's workloadIssuers; did you mean mesh?`,
    ]);
    expect(problemsWith({ mesh }, [{ issuer: "mesh" }])).toEqual([
      expect.stringContaining("clients.web.workload[0].subject: expected a string"),
    ]);
  });
});
