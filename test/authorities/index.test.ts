import { createHmac } from "node:crypto";
import { exportSPKI, importJWK, type JWK } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAuthorities } from "../../src/authorities/index.ts";
import { type Authorities, IdTokenError, type TrustedIssuer } from "../../src/authorities/port.ts";
import { AUDIENCE, type Changes, startAuthority, type TestAuthority } from "../support/authority.ts";
import { fakeClock } from "../support/clock.ts";

const clock = fakeClock();
const NO_KEY = "The id_token is not signed with a key of the authority.";
const NO_SIGNATURE = "The id_token's signature does not verify.";
const MALFORMED = "The id_token is malformed.";
const ALGORITHM = "The id_token's algorithm is not accepted.";

let authority: TestAuthority;
let rsa: TestAuthority;
let authorities: Authorities;

beforeAll(async () => {
  authority = await startAuthority({ clock });
  rsa = await startAuthority({ clock, algorithm: "RS256" });
});
beforeEach(() => {
  authorities = createAuthorities({ clock, emit: () => undefined });
});
afterAll(() => Promise.all([authority.stop(), rsa.stop()]));

function verify(idToken: string, by: TestAuthority = authority) {
  const trusted: TrustedIssuer = { issuer: by.issuer, audiences: [AUDIENCE] };
  return authorities.verify(trusted, idToken, clock.now());
}

async function refusal(idToken: string, by: TestAuthority = authority): Promise<string> {
  const error = await verify(idToken, by).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(IdTokenError);
  return (error as IdTokenError).message;
}

/** A token in compact form, of any parts: texts and bytes as they are, and JSON of all else. */
function compact(header: unknown, payload: unknown, signature = "AAAA"): string {
  const encode = (part: unknown) => {
    const isWritten = typeof part === "string" || part instanceof Uint8Array;
    return Buffer.from(isWritten ? part : JSON.stringify(part)).toString("base64url");
  };
  return `${encode(header)}.${encode(payload)}.${signature}`;
}

function payloadOf(idToken: string): string {
  return Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString();
}

describe("a good id_token", () => {
  it("gives its claims, as the issuer wrote them", async () => {
    const now = Math.floor(clock.now() / 1000);
    expect(await verify(await authority.idToken({ email: "someone@login.example", groups: [1, { a: null }] }))).toEqual(
      {
        iss: authority.issuer,
        aud: AUDIENCE,
        sub: "someone",
        iat: now,
        exp: now + 300,
        email: "someone@login.example",
        groups: [1, { a: null }],
      },
    );
  });

  it.each(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"])(
    "may be signed with %s",
    async (algorithm) => {
      const other = await startAuthority({ clock, algorithm });
      expect(await verify(await other.idToken(), other)).toMatchObject({ sub: "someone" });
      await other.stop();
    },
  );

  it.each([undefined, "jwt", "application/JWT"])("may have the typ %s", async (typ) => {
    expect(await verify(await authority.idToken({}, { typ }))).toMatchObject({ sub: "someone" });
  });

  it("is judged by the moment that is given, not by the clock", async () => {
    const idToken = await authority.idToken();
    const trusted = { issuer: authority.issuer, audiences: ["another", AUDIENCE] };
    await expect(authorities.verify(trusted, idToken, clock.now() + 360_000)).rejects.toThrow("has expired");
    await expect(authorities.verify(trusted, idToken, clock.now() - 61_000)).rejects.toThrow("is not valid yet");
    await authorities.verify(trusted, idToken, clock.now() + 300_000);
  });
});

describe("a key", () => {
  /** The authority publishes, beside its own, or instead. */
  async function publishing(keys: readonly JWK[], check: () => Promise<void>): Promise<void> {
    const own = authority.keys.splice(0, authority.keys.length, ...keys);
    try {
      await check();
    } finally {
      authority.keys.splice(0, authority.keys.length, ...own);
    }
  }

  it("need not be named if one fits the algorithm", async () => {
    const [own] = authority.keys;
    const idToken = await authority.idToken({}, { kid: undefined });
    await publishing([{ ...own }, ...rsa.keys], async () => expect(await verify(idToken)).toBeDefined());
  });

  it("must be named if several fit", async () => {
    const [own] = authority.keys;
    const idToken = await authority.idToken({}, { kid: undefined });
    await publishing([{ ...own }, { ...own, kid: "another" }], async () => expect(await refusal(idToken)).toBe(NO_KEY));
  });

  it.each([
    [{ use: "enc" }, NO_KEY],
    [{ alg: "ES384" }, NO_KEY],
    [{ key_ops: ["sign"] }, NO_KEY],
    [{ kid: undefined }, NO_KEY],
    [{ use: undefined, alg: undefined }, undefined],
  ])("with %j: %s", async (changes, message) => {
    const [own] = authority.keys;
    const idToken = await authority.idToken();
    await publishing([JSON.parse(JSON.stringify({ ...own, ...changes }))], async () => {
      if (message === undefined) expect(await verify(idToken)).toBeDefined();
      else expect(await refusal(idToken)).toBe(message);
    });
  });

  it("of RSA must have 2048 bits", async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey(
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
      true,
      ["sign", "verify"],
    );
    const [head, body] = (await authority.idToken({}, { kid: "short" })).split(".");
    const header = { ...JSON.parse(Buffer.from(head ?? "", "base64url").toString()), alg: "RS256" };
    const input = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${body}`;
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, Buffer.from(input));
    const jwk = { ...((await crypto.subtle.exportKey("jwk", publicKey)) as JWK), kid: "short", key_ops: ["verify"] };
    const idToken = `${input}.${Buffer.from(signature).toString("base64url")}`;
    await publishing([jwk], async () => expect(await refusal(idToken)).toBe(NO_SIGNATURE));
  });
});

describe("a forged id_token", () => {
  it("of another authority is refused, whomever it names", async () => {
    const other = await startAuthority({ clock });
    expect(await refusal(await other.idToken())).toBe("The id_token was not issued by the authority.");
    expect(await refusal(await other.idToken({ iss: authority.issuer }))).toBe(NO_SIGNATURE);
    expect(await refusal(await other.idToken({ iss: authority.issuer }, { kid: "other" }))).toBe(NO_KEY);
    const [jwk = {}] = other.keys;
    const header = { kid: undefined, jwk: jwk as Changes[string], jku: `${other.issuer}/keys` };
    expect(await refusal(await other.idToken({ iss: authority.issuer }, header))).toBe(NO_SIGNATURE);
    expect(other.requests).toEqual([]);
    await other.stop();
  });

  it("whose claims were changed is refused", async () => {
    const idToken = await authority.idToken();
    const [header, , signature] = idToken.split(".");
    const payload = Buffer.from(payloadOf(idToken).replace("someone", "anyone!")).toString("base64url");
    expect(await refusal(`${header}.${payload}.${signature}`)).toBe(NO_SIGNATURE);
    expect(await refusal(`${header}.${payload}.`)).toBe(NO_SIGNATURE);
  });

  it.each(["none", "None", "HS256", "ES256K", "RS1", "", undefined, ["RS256"]])(
    "whose alg is %j is refused, without asking anyone",
    async (alg) => {
      const before = authority.requests.length;
      expect(await refusal(compact({ alg }, payloadOf(await authority.idToken()), ""))).toBe(ALGORITHM);
      expect(authority.requests).toHaveLength(before);
    },
  );

  it("whose HMAC has the public key for a secret is refused", async () => {
    const [jwk = {}] = rsa.keys;
    const pem = await exportSPKI((await importJWK(jwk, "RS256", { extractable: true })) as CryptoKey);
    const input = compact({ alg: "HS256", kid: jwk.kid }, payloadOf(await rsa.idToken()), "").slice(0, -1);
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk)]) {
      const mac = createHmac("sha256", secret).update(input).digest("base64url");
      expect(await refusal(`${input}.${mac}`, rsa)).toBe(ALGORITHM);
    }
  });

  it("that names an algorithm which is not the key's is refused", async () => {
    const header = { alg: "PS256", kid: rsa.keys[0]?.kid };
    expect(await refusal(compact(header, payloadOf(await rsa.idToken())), rsa)).toBe(NO_KEY);
  });
});

describe("what is not an id_token", () => {
  it.each([
    ["nothing", ""],
    ["text", "id_token"],
    ["two parts", "e30.e30"],
    ["five parts", "e30.e30.e30.e30.e30"],
    ["a header that is no JSON", compact("{", {})],
    ["a header that is a list", compact([], {})],
    ["a payload that is a list", compact({ alg: "ES256" }, [])],
    ["a payload that is no JSON", compact({ alg: "ES256" }, "{")],
    ["a payload that is not UTF-8", compact({ alg: "ES256" }, Buffer.from('{"sub":"\xff"}', "latin1"))],
    ["a kid that is a number", compact({ alg: "ES256", kid: 1 }, {})],
    ["other letters", "é.é.é"],
  ])("%s is malformed", async (_, idToken) => {
    expect(await refusal(idToken)).toBe(MALFORMED);
  });

  it("16 KiB is the most that is read", async () => {
    const length = (await authority.idToken({ filler: "" })).length;
    const fill = (characters: number) => "x".repeat(Math.floor(((characters - length) * 3) / 4) - 3);
    expect(await verify(await authority.idToken({ filler: fill(16_384) }))).toBeDefined();
    expect(await refusal(await authority.idToken({ filler: fill(16_400) }))).toBe("The id_token is too long.");
  });

  it.each([["exp"], ["b64"], []])("critical extensions are not accepted: %j", async (...crit) => {
    const token = compact({ alg: "ES256", crit, b64: true, exp: 1 }, payloadOf(await authority.idToken()));
    expect(await refusal(token)).toBe("The id_token has unsupported critical extensions.");
  });

  it.each(["at+jwt", "logout+jwt", "application/at+jwt", ""])("another kind of token: %j", async (typ) => {
    expect(await refusal(await authority.idToken({}, { typ }))).toBe("The id_token is another kind of token.");
  });

  it("is not told in the refusal", async () => {
    const idToken = await authority.idToken({ sub: "very-secret", iss: "very-secret", aud: "very-secret" });
    const error = await verify(idToken).catch((reason: unknown) => reason as Error);
    expect(`${error} ${JSON.stringify(error)}`).not.toContain("very-secret");
  });
});
