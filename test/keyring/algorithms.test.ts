import { createHash } from "node:crypto";
import { CompactSign, decodeProtectedHeader, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { leftHalfHash, nodeSignatures, SIGNING_ALGORITHMS, sizeWarning } from "../../src/keyring/algorithms.ts";

describe.each(SIGNING_ALGORITHMS)("%s", (algorithm) => {
  it("signs what any JWT library verifies with the public JWK alone", async () => {
    const key = await nodeSignatures.load(algorithm, await nodeSignatures.generate(algorithm));
    const jwt = await key.sign({ sub: "someöne" }, "JWT");
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: algorithm, kid: key.kid, typ: "JWT" });
    const { payload } = await jwtVerify(jwt, await importJWK(key.publicJwk as JWK));
    expect(payload).toEqual({ sub: "someöne" });
    expect(await key.verify(jwt)).toEqual({ sub: "someöne" });
    const length = String(jwt.split(".")[2]?.length);
    expect(/takes (\d+) characters/.exec(sizeWarning(algorithm) ?? "")?.[1]).toBe(
      algorithm === "ML-DSA-44" ? length : undefined,
    );
  });

  it("loads no key of another algorithm", async () => {
    const other = algorithm === "ES256" ? "RS256" : "ES256";
    await expect(nodeSignatures.load(algorithm, await nodeSignatures.generate(other))).rejects.toThrow();
  });

  it("publishes no private member", async () => {
    const key = await nodeSignatures.load(algorithm, await nodeSignatures.generate(algorithm));
    for (const member of ["d", "p", "q", "dp", "dq", "qi", "k", "oth", "priv"])
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

describe("a key", () => {
  it("verifies nothing that has other words in its header, or is no JWT", async () => {
    const privateJwk = await nodeSignatures.generate("ES256");
    const { kid, sign, verify } = await nodeSignatures.load("ES256", privateJwk);
    const privateKey = await importJWK(JSON.parse(privateJwk), "ES256");
    const signed = (header: object, payload: string) =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: "ES256", kid, ...header })
        .sign(privateKey, { crit: { exp: true } });
    expect(await verify(await signed({}, '{"a":1}'))).toEqual({ a: 1 });
    const jwt = await sign({ a: 1 }, "JWT");
    const [header, claims, signature] = jwt.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid })).toString("base64url");
    const others = [await signed({ crit: ["exp"], exp: 1 }, '{"a":1}'), await signed({}, "[]"), await signed({}, "{")];
    const broken = ["", "a", "..", `${none}.${claims}.`, `${none}.${claims}.${signature}`, `${header}.${claims}.`];
    for (const text of [...others, ...broken, `${jwt}.${signature}`, `${header}.${signature}`])
      expect(await verify(text), text).toBeUndefined();
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

describe("a key of ML-DSA-44", () => {
  it("is a JWK of the kind AKP, whose private part is a seed (RFC 9964)", async () => {
    const jwk = JSON.parse(await nodeSignatures.generate("ML-DSA-44"));
    expect(jwk).toEqual({
      kty: "AKP",
      alg: "ML-DSA-44",
      pub: expect.stringMatching(/^[A-Za-z0-9_-]{1750}$/),
      priv: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    const { kid } = await nodeSignatures.load("ML-DSA-44", JSON.stringify(jwk));
    const { alg, kty, pub } = jwk;
    expect(kid).toBe(createHash("sha256").update(JSON.stringify({ alg, kty, pub })).digest("base64url"));
  });

  it("signs for no other algorithm of its kind", async () => {
    const jwk = JSON.parse(await nodeSignatures.generate("ML-DSA-44"));
    await expect(nodeSignatures.load("ML-DSA-44", JSON.stringify({ ...jwk, alg: "ML-DSA-65" }))).rejects.toThrow();
  });
});

describe("at_hash", () => {
  it("is the left half of the algorithm's hash", () => {
    // The example of OpenID Connect Core appendix A.3.
    expect(leftHalfHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")).toBe("77QmUPtjPfzWtF2AnpK9RQ");
    expect(Buffer.from(leftHalfHash("ES384", "x"), "base64url")).toHaveLength(24);
    for (const algorithm of ["ES512", "Ed25519", "EdDSA", "ML-DSA-44"] as const)
      expect(Buffer.from(leftHalfHash(algorithm, "x"), "base64url")).toHaveLength(32);
    // The beginning of SHAKE256 of nothing (FIPS 202), of any length.
    expect(Buffer.from(leftHalfHash("ML-DSA-44", ""), "base64url").toString("hex")).toBe(
      "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f",
    );
  });
});
