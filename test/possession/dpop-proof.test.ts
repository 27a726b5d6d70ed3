import { hash } from "node:crypto";
import fc from "fast-check";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { type Expected, verifyDpopProof as verify } from "../../src/possession/dpop-proof.ts";
import { DPOP_ALGORITHMS } from "../../src/possession/proof-signature.ts";

const NOW = 1_700_000_000_000;
const IAT = NOW / 1000;

const EXPECTED: Expected = {
  method: "POST",
  urls: ["https://mint.example/connect/token", "https://mtls.mint.example/connect/token"],
  now: NOW,
  window: 60,
  skew: 15,
};

const verifyDpopProof = async (proof: string, expected: Expected) => verify(proof, expected);

type Key = Awaited<ReturnType<typeof makeKey>>;
let key: Key;

beforeAll(async () => {
  key = await makeKey("ES256");
});

describe("a proof", () => {
  it.each(DPOP_ALGORITHMS)("is accepted with a key for %s", async (algorithm) => {
    const own = await makeKey(algorithm);
    const proof = await verifyDpopProof(await sign({}, {}, own), EXPECTED);
    expect(proof).toEqual({ jkt: own.jkt, jti: "one", expiresAt: NOW + 75_000, nonce: undefined });
  });

  it("tells its nonce", async () => {
    expect((await verifyDpopProof(await sign({ nonce: "n" }), EXPECTED)).nonce).toBe("n");
  });

  it.each([
    ["https://mint.example:443/connect/token", "names the port"],
    ["HTTPS://MINT.example/connect/token", "is written in capitals"],
    ["https://mint.example/connect/./token", "has a dot"],
    ["https://mtls.mint.example/connect/token", "is the other URL"],
    ["https://mint.example/connect/token?a=b#c", "has a query and a fragment"],
  ])("is accepted if its htu, %s, %s", async (htu) => {
    await expect(verifyDpopProof(await sign({ htu }), EXPECTED)).resolves.toBeDefined();
  });

  it.each([IAT - 75, IAT, IAT + 15])("is accepted if its iat is %i", async (iat) => {
    await expect(verifyDpopProof(await sign({ iat }), EXPECTED)).resolves.toBeDefined();
  });

  it("is accepted until a whole millisecond, as stores have them, if its iat has a fraction", async () => {
    const { expiresAt } = await verifyDpopProof(await sign({ iat: IAT - 0.123_45 }), EXPECTED);
    expect(expiresAt).toBe(NOW + 74_877);
  });

  it("of an access token has its hash", async () => {
    const accessToken = "some.access.token";
    const right = await sign({ ath: hash("sha256", accessToken, "base64url") });
    await expect(verifyDpopProof(right, { ...EXPECTED, accessToken })).resolves.toBeDefined();
    for (const ath of [undefined, hash("sha256", "another", "base64url")]) {
      const wrong = verifyDpopProof(await sign({ ath }), { ...EXPECTED, accessToken });
      await expect(wrong).rejects.toThrow("its ath must be the hash of the access token");
    }
  });

  it.each<[string, object, string]>([
    ["without jti", { jti: undefined }, "its jti must be a text of 1 to 256 characters"],
    ["with an empty jti", { jti: "" }, "its jti"],
    ["with a long jti", { jti: "x".repeat(257) }, "its jti"],
    ["for another method", { htm: "GET" }, "its htm must be POST"],
    ["for a method in small letters", { htm: "post" }, "its htm must be POST"],
    [
      "for another path",
      { htu: "https://mint.example/connect/Token" },
      "its htu must be https://mint.example/connect/token or https://mtls.mint.example/connect/token",
    ],
    ["for another host", { htu: "https://other.example/connect/token" }, "its htu"],
    ["for http", { htu: "http://mint.example/connect/token" }, "its htu"],
    ["without htu", { htu: undefined }, "its htu"],
    ["for no URL", { htu: "/connect/token" }, "its htu"],
    ["without iat", { iat: undefined }, "its iat must be a time in seconds"],
    ["too old", { iat: IAT - 76 }, "its iat is 1699999924, and the server's time is 1700000000"],
    ["too new", { iat: IAT + 16 }, "its iat is 1700000016"],
    ["with an empty nonce", { nonce: "" }, "its nonce"],
  ])("%s is refused", async (_, claims, message) => {
    await expect(verifyDpopProof(await sign(claims), EXPECTED)).rejects.toThrow(message);
  });

  it.each<[string, object, string]>([
    ["of another type", { typ: "JWT" }, "its typ must be dpop+jwt"],
    ["without a type", { typ: undefined }, "its typ must be dpop+jwt"],
    ["without a key", { jwk: undefined }, "its jwk must be a public key"],
    ["with a secret as its key", { jwk: { kty: "oct", k: "AAAA" } }, "its jwk must be a public key"],
    ["with an unknown key", { jwk: { kty: "XX" } }, "its jwk must be a public key"],
  ])("%s is refused", async (_, header, message) => {
    await expect(verifyDpopProof(await sign({}, header), EXPECTED)).rejects.toThrow(message);
  });

  it("with the private key in it is refused", async () => {
    const jwk = await exportJWK(key.privateKey);
    await expect(verifyDpopProof(await sign({}, { jwk }), EXPECTED)).rejects.toThrow("nothing but public");
  });

  it("with critical extensions is refused", async () => {
    const proof = await new SignJWT({ jti: "one", htm: "POST", htu: EXPECTED.urls[0], iat: IAT, b64: true })
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: key.jwk, crit: ["b64"], b64: true })
      .sign(key.privateKey);
    await expect(verifyDpopProof(proof, EXPECTED)).rejects.toThrow("critical");
  });

  it("of an RSA key that is too small is refused", async () => {
    const small = await exportJWK(
      (await generateKeyPair("RS256", { modulusLength: 2048, extractable: true })).publicKey,
    );
    const jwk = {
      ...small,
      n: Buffer.from(small.n ?? "", "base64url")
        .subarray(0, 128)
        .toString("base64url"),
    };
    await expect(verifyDpopProof(await sign({}, { jwk }), EXPECTED)).rejects.toThrow("its jwk must be a public key");
  });

  it("of an RSA key whose exponent makes it dear to check is refused", async () => {
    const large = await exportJWK((await generateKeyPair("RS256", { extractable: true })).publicKey);
    const jwk = { ...large, e: Buffer.from([1, 0, 0, 0, 1]).toString("base64url") };
    await expect(verifyDpopProof(await sign({}, { jwk }), EXPECTED)).rejects.toThrow("its jwk must be a public key");
  });

  it("of a key of another curve than its algorithm has is refused", async () => {
    const [own, wrong] = [await makeKey("ES384"), await makeKey("ES256")];
    const proof = await sign({}, { jwk: wrong.jwk }, own);
    await expect(verifyDpopProof(proof, EXPECTED)).rejects.toThrow("its signature");
  });

  it("whose signature has another length than the algorithm's is refused", async () => {
    const [header, payload, signature = ""] = (await sign({})).split(".");
    for (const other of ["", signature.slice(0, 84), `${signature.slice(0, 84)}AAAA`]) {
      await expect(verifyDpopProof(`${header}.${payload}.${other}`, EXPECTED)).rejects.toThrow(/signature|one JWT/);
    }
  });

  it("that another key signed is refused", async () => {
    const { jwk } = await makeKey("ES256");
    await expect(verifyDpopProof(await sign({}, { jwk }), EXPECTED)).rejects.toThrow("its signature");
  });

  it("whose signature is by another algorithm than its header says is refused", async () => {
    const [, payload, signature] = (await sign({})).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "ES384", typ: "dpop+jwt", jwk: key.jwk })).toString("base64url");
    await expect(verifyDpopProof(`${header}.${payload}.${signature}`, EXPECTED)).rejects.toThrow("its signature");
  });

  it.each(["none", "HS256"])("whose algorithm is %s is refused", async (alg) => {
    const header = Buffer.from(JSON.stringify({ alg, typ: "dpop+jwt", jwk: key.jwk })).toString("base64url");
    const { 1: payload } = (await sign({})).split(".");
    await expect(verifyDpopProof(`${header}.${payload}.AAAA`, EXPECTED)).rejects.toThrow("its alg must be one of");
  });

  it("that is too long is refused", async () => {
    await expect(verifyDpopProof(await sign({ more: "x".repeat(4096) }), EXPECTED)).rejects.toThrow("at most 4096");
  });

  it("is refused in words, whatever it is", async () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString("base64url")),
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (proof) => {
        await expect(verifyDpopProof(proof, EXPECTED)).rejects.toMatchObject({ name: "DpopProofError" });
      }),
    );
  });
});

async function makeKey(algorithm: string) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { algorithm, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

async function sign(claims: object, header: object = {}, { algorithm, privateKey, jwk }: Key = key) {
  return new SignJWT({ jti: "one", htm: "POST", htu: EXPECTED.urls[0], iat: IAT, ...claims })
    .setProtectedHeader({ alg: algorithm, typ: "dpop+jwt", jwk, ...header })
    .sign(privateKey);
}
