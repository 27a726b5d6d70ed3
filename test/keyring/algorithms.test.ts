import { decodeProtectedHeader, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { leftHalfHash, nodeSignatures, SIGNING_ALGORITHMS } from "../../src/keyring/algorithms.ts";

describe.each(SIGNING_ALGORITHMS)("%s", (algorithm) => {
  it("signs what any JWT library verifies with the public JWK alone", async () => {
    const key = await nodeSignatures.load(algorithm, await nodeSignatures.generate(algorithm));
    const jwt = await key.sign({ sub: "someöne" }, "JWT");
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: algorithm, kid: key.kid, typ: "JWT" });
    const { payload } = await jwtVerify(jwt, await importJWK(key.publicJwk as JWK));
    expect(payload).toEqual({ sub: "someöne" });
    expect(await key.verify(jwt)).toEqual({ sub: "someöne" });
  });

  it("loads no key of another algorithm", async () => {
    const other = algorithm === "ES256" ? "RS256" : "ES256";
    await expect(nodeSignatures.load(algorithm, await nodeSignatures.generate(other))).rejects.toThrow();
  });

  it("publishes no private member", async () => {
    const key = await nodeSignatures.load(algorithm, await nodeSignatures.generate(algorithm));
    for (const member of ["d", "p", "q", "dp", "dq", "qi", "k", "oth"])
      expect(key.publicJwk).not.toHaveProperty(member);
    expect(key.publicJwk).toMatchObject({ kid: key.kid, alg: algorithm, use: "sig" });
  });

  it("verifies nothing that another key signed", async () => {
    const [key, other] = await Promise.all(
      [1, 2].map(async () => nodeSignatures.load(algorithm, await nodeSignatures.generate(algorithm))),
    );
    expect(await key?.verify((await other?.sign({}, "JWT")) ?? "")).toBeUndefined();
  });
});

describe.each([
  ["Ed25519", "EdDSA"],
  ["EdDSA", "Ed25519"],
] as const)("a key of %s", (algorithm, other) => {
  it(`verifies nothing that says ${other}, though the signature is the same`, async () => {
    const privateJwk = await nodeSignatures.generate(algorithm);
    const { kid, verify } = await nodeSignatures.load(algorithm, privateJwk);
    const signedAs = async (alg: string) =>
      new SignJWT({ sub: "someone" })
        .setProtectedHeader({ alg, kid, typ: "JWT" })
        .sign(await importJWK(JSON.parse(privateJwk), alg));
    expect(await verify(await signedAs(algorithm))).toEqual({ sub: "someone" });
    expect(await verify(await signedAs(other))).toBeUndefined();
  });
});

describe("at_hash", () => {
  it("is the left half of the algorithm's hash", () => {
    // The example of OpenID Connect Core appendix A.3.
    expect(leftHalfHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")).toBe("77QmUPtjPfzWtF2AnpK9RQ");
    expect(Buffer.from(leftHalfHash("ES384", "x"), "base64url")).toHaveLength(24);
    for (const algorithm of ["ES512", "Ed25519", "EdDSA"] as const)
      expect(Buffer.from(leftHalfHash(algorithm, "x"), "base64url")).toHaveLength(32);
  });
});
