import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readIdToken } from "../../src/authorities/id-token.ts";
import { IdTokenError } from "../../src/authorities/port.ts";
import { isCompactJws } from "../../src/token/compact-jws.ts";
import { testContext } from "../support/context.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const OTHERS = [...ALPHABET, ...".= \n\t\r+/%\0\u00e9\u017f"];

let context: Awaited<ReturnType<typeof testContext>>;
let token: string;
beforeAll(async () => {
  context = await testContext();
  token = await context.keyring.signer(context.clock.now()).sign({ client_id: "x", text: "odd" }, "JWT");
  // It is remembered from now on: what is altered must not be taken for it.
  expect(await context.keyring.verify(token, context.clock.now())).toMatchObject({ claims: { client_id: "x" } });
});

const verifies = async (text: string) => (await context.keyring.verify(text, context.clock.now())) !== undefined;

/** The token with the last character of a part changed in the bits that no byte has. */
function withSpareBits(part: number): string | undefined {
  const parts = token.split(".");
  const text = parts[part] ?? "";
  if (text.length % 4 === 0) return undefined;
  parts[part] = text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1) ?? "") ^ 1];
  return parts.join(".");
}

/** The order of the curve P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A JWT of ES256 with (r, n - s) for its signature (r, s). */
function withOtherSignature(jwt: string): string {
  const [header, payload, signature = ""] = jwt.split(".");
  const bytes = Buffer.from(signature, "base64url").toString("hex");
  const s = ORDER - BigInt(`0x${bytes.slice(64)}`);
  const other = Buffer.from(bytes.slice(0, 64) + s.toString(16).padStart(64, "0"), "hex");
  return `${header}.${payload}.${other.toString("base64url")}`;
}

describe("a JWS", () => {
  it("does not verify with any one character altered, added or left out", async () => {
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 1 }),
      add: fc.constantFrom("", ...OTHERS),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, remove, add }) => {
        const index = at % (token.length + 1);
        const altered = token.slice(0, index) + add + token.slice(index + remove);
        fc.pre(altered !== token);
        expect(await verifies(altered)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused with a newline, blanks, padding or bits to spare, in any part", async () => {
    const parts = token.split(".");
    for (const more of ["\n", "\r\n", " ", "\t", "=", "==", "%0A"]) {
      for (let part = 0; part < 3; part++) {
        const altered = parts.map((text, index) => (index === part ? text + more : text)).join(".");
        expect(isCompactJws(altered)).toBe(false);
        expect(await verifies(altered)).toBe(false);
        expect(() => readIdToken(altered)).toThrow(new IdTokenError("The id_token is malformed."));
      }
    }
    const spare = [0, 1, 2].map(withSpareBits).filter((text) => text !== undefined);
    expect(spare.length).toBeGreaterThan(0);
    for (const text of spare) {
      expect(await verifies(text)).toBe(false);
      expect(() => readIdToken(text)).toThrow(new IdTokenError("The id_token is malformed."));
    }
    expect(await verifies(token)).toBe(true);
  });

  it("has a second text with ECDSA, which says the same and ends with the first", async () => {
    const credentials = { clientId: CLIENT_ID, clientSecret: SECRET };
    const request = { grantType: "arbitrary_resource_owner", subject: "someone", arbitraryClaims: {} };
    const { accessToken: first } = await context.engine.mint(credentials, request);
    const second = withOtherSignature(first);
    const isActive = async (text: string) => (await context.engine.introspect(credentials, { token: text })).active;
    expect(second).not.toBe(first);
    expect([await isActive(first), await isActive(second)]).toEqual([true, true]);
    await context.engine.revoke(credentials, { token: second });
    expect([await isActive(first), await isActive(second)]).toEqual([false, false]);
  });

  it("has three parts", () => {
    for (const text of ["", "YQ.YQ", "YQ.YQ.YQ.YQ", "a.YQ.YQ"]) expect(isCompactJws(text)).toBe(false);
    expect(isCompactJws("YQ.YQ.YQ")).toBe(true);
  });
});
