import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fileWorld, problemsOf } from "../config/context.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PUBLIC = ec.publicKey.export({ format: "jwk" });
const { d: SECRET } = ec.privateKey.export({ format: "jwk" });
const DEVELOPMENT = {
  ...PUBLIC,
  x: "ddtKO9thsWiqXRJof8U4687e1COC0Pxv0APSgyQuQ5o",
  y: "VDl98lQjGEPZoXquH_jtRfq3A-GVCWE2CyxZ5Km-o5w",
};

function rsa(modulusLength: number) {
  return generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
}

/** The problems of a client that has these settings and no secret, without their common beginning. */
function problemsWith(settings: object): readonly string[] {
  const file = { publicUrl: "https://mint.example", tenants: { default: { clients: { web: settings } } } };
  return problemsOf(fileWorld(JSON.stringify(file))).map((line) => line.replace("tenants.default.clients.web.", ""));
}

const jwks = (...keys: unknown[]) => ({ jwks: { keys } });

describe("a client's keys", () => {
  it.each<[string, object]>([
    ["of EC", jwks(PUBLIC)],
    ["of RSA", jwks(rsa(2048))],
    ["of Ed25519", jwks(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }))],
    ["for an algorithm", jwks({ ...PUBLIC, alg: "ES256", use: "sig", kid: "a" })],
    ["that are several", jwks({ ...PUBLIC, kid: "a" }, { ...rsa(2048), kid: "b" })],
    ["in a set with other members", { jwks: { keys: [PUBLIC], note: "ours" } }],
    ["elsewhere", { jwksUri: "https://client.example/jwks?client=1" }],
    ["on this machine", { jwksUri: "http://127.0.0.1:8080/jwks" }],
    ["in a private network", { jwksUri: "https://10.0.0.1/jwks", jwksAllowPrivateNetwork: true }],
  ])("may be %s, and it needs no secret then", (_, settings) => {
    expect(problemsWith(settings)).toEqual([]);
  });

  it.each<[object, string]>([
    [jwks(), "jwks.keys: expected at least one key"],
    [jwks("key"), "jwks.keys[0]: expected a public JWK, got a string"],
    [jwks({ ...PUBLIC, alg: "HS256" }), "jwks.keys[0]: expected alg to be one of RS256, RS384"],
    [jwks({ kty: "oct" }), "jwks.keys[0]: expected a public key of RSA, EC or Ed25519 that can be read"],
    [
      jwks({ kty: "EC", crv: "P-256", x: "x" }),
      "jwks.keys[0]: expected a public key of RSA, EC or Ed25519 that can be read",
    ],
    [
      jwks(generateKeyPairSync("x25519").publicKey.export({ format: "jwk" })),
      "jwks.keys[0]: expected a key of RSA, EC or Ed25519",
    ],
    [jwks(rsa(1024)), "jwks.keys[0]: expected an RSA key of at least 2048 bits, got 1024"],
    [jwks(PUBLIC, rsa(2048)), "jwks: expected a kid in each key, and no kid twice"],
    [jwks({ ...PUBLIC, kid: "a" }, { ...rsa(2048), kid: "a" }), "jwks: expected a kid in each key, and no kid twice"],
    [
      jwks(...Array.from({ length: 21 }, (_, kid) => ({ ...PUBLIC, kid: `${kid}` }))),
      "jwks.keys: expected at most 20 keys",
    ],
    [{ jwks: "https://client.example/jwks" }, "jwks: expected a JWKS: a mapping with the member keys, got a string"],
    [jwks(DEVELOPMENT), "jwks.keys[0]: expected a key of your own: everybody has the private part of this one"],
    [{ jwksUri: "http://client.example/jwks" }, "jwksUri: expected an https URL (http only on loopback)"],
    [{ jwksUri: "https://user:pass@client.example/" }, "jwksUri: expected an https URL (http only on loopback)"],
    [
      { jwksUri: "https://10.0.0.1/jwks" },
      "jwksUri: expected a public address, or jwksAllowPrivateNetwork: true beside it",
    ],
    [{ ...jwks(PUBLIC), jwksUri: "https://client.example/jwks" }, "jwksUri: expected either jwks or jwksUri"],
  ])("may not be otherwise: %#", (settings, problem) => {
    const problems = problemsWith(settings);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])("may not be private, and are not told then: %s", (member) => {
    const problems = problemsWith(jwks({ ...PUBLIC, [member]: SECRET }));
    expect(problems).toEqual([`jwks.keys[0]: expected a public key, got one with the private member ${member}`]);
  });
});
