import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Scrypt, SecretVerifier } from "../../src/engine/secrets.ts";
import type { SecretHash } from "../../src/engine/tenant.ts";
import { seededRandom } from "../support/random.ts";
import { refusalOf } from "../support/refusal.ts";
import { sha256Secret } from "../support/tenant.ts";

const owner = { tenant: "default", client: "client" };
const salt = new Uint8Array(16).fill(3);

function scryptSecret(secret: string): Extract<SecretHash, { kind: "scrypt" }> {
  const digest = scryptSync(secret, salt, 32, { N: 2 ** 10, r: 8, p: 1 });
  return { kind: "scrypt", logN: 10, r: 8, p: 1, salt, digest };
}

/** A scrypt that answers when it is told to, and counts. */
function heldScrypt() {
  const held: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const derive: Scrypt = async (secret) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => held.push(resolve));
    running -= 1;
    return scryptSecret(secret).digest;
  };
  return { derive, held, most: () => most };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("secrets", () => {
  it("knows a secret by either hash", async () => {
    const verifier = new SecretVerifier(seededRandom());
    const hashes = [sha256Secret("generated"), scryptSecret("human")];
    expect(await verifier.verify(owner, hashes, "generated")).toBe(true);
    expect(await verifier.verify(owner, hashes, "human")).toBe(true);
    expect(await verifier.verify(owner, hashes, "wrong")).toBe(false);
    expect(await verifier.verify(owner, [], "any")).toBe(false);
  });

  it("pays scrypt once for a right secret, and every time for a wrong one", async () => {
    let paid = 0;
    const verifier = new SecretVerifier(seededRandom(), async (secret) => {
      paid += 1;
      return scryptSecret(secret).digest;
    });
    const hash = scryptSecret("human");
    for (let i = 0; i < 3; i++) expect(await verifier.verify(owner, [hash], "human")).toBe(true);
    expect(paid).toBe(1);
    for (let i = 0; i < 3; i++) expect(await verifier.verify(owner, [hash], "wrong")).toBe(false);
    expect(paid).toBe(4);
  });

  it("looks at all that it remembers before it pays", async () => {
    let paid = 0;
    const verifier = new SecretVerifier(seededRandom(), async (secret) => {
      paid += 1;
      return scryptSecret(secret).digest;
    });
    const hashes = [{ ...scryptSecret("old"), salt: new Uint8Array(16) }, scryptSecret("new")];
    for (let i = 0; i < 3; i++) expect(await verifier.verify(owner, hashes, "new")).toBe(true);
    expect(paid).toBe(2);
  });

  it.each([
    ["right", true],
    ["wrong", false],
  ])(
    "pays once for any number of callers with the same %s secret at once, and again after that",
    async (secret, right) => {
      const { derive, held } = heldScrypt();
      const verifier = new SecretVerifier(seededRandom(), derive);
      const hashes = [scryptSecret("right")];
      const burst = async () => {
        const calls = Array.from({ length: 40 }, () => verifier.verify(owner, hashes, secret));
        await turn();
        const paid = held.length;
        for (const answer of held.splice(0)) answer();
        expect(new Set(await Promise.all(calls))).toEqual(new Set([right]));
        return paid;
      };
      expect(await burst()).toBe(1);
      expect(await burst()).toBe(right ? 0 : 1);
    },
  );

  it("shares a failure too, and tries again after it", async () => {
    let tries = 0;
    const verifier = new SecretVerifier(seededRandom(), async (secret) => {
      tries += 1;
      if (tries === 1) throw new Error("no memory");
      return scryptSecret(secret).digest;
    });
    const hashes = [scryptSecret("human")];
    const calls = [verifier.verify(owner, hashes, "human"), verifier.verify(owner, hashes, "human")];
    for (const call of calls) await expect(call).rejects.toThrow("no memory");
    expect(await verifier.verify(owner, hashes, "human")).toBe(true);
    expect(tries).toBe(2);
  });

  it("remembers a secret for its own tenant, client and entry alone", async () => {
    let paid = 0;
    const verifier = new SecretVerifier(seededRandom(), async (secret) => {
      paid += 1;
      return scryptSecret(secret).digest;
    });
    const hash = scryptSecret("human");
    await verifier.verify(owner, [hash], "human");
    await verifier.verify({ ...owner, client: "other" }, [hash], "human");
    await verifier.verify({ ...owner, tenant: "other" }, [hash], "human");
    await verifier.verify(owner, [{ ...hash, salt: new Uint8Array(16) }], "human");
    expect(paid).toBe(4);
  });

  it("runs one scrypt at a time, queues sixteen, and turns the next away", async () => {
    const { derive, held, most } = heldScrypt();
    const verifier = new SecretVerifier(seededRandom(), derive);
    const waiting = Array.from({ length: 17 }, (_, i) => verifier.verify(owner, [scryptSecret("human")], `wrong ${i}`));
    expect(await refusalOf(verifier.verify(owner, [scryptSecret("human")], "human"))).toMatchObject({
      code: "temporarily_unavailable",
    });
    for (let i = 0; i < 17; i++) {
      await turn();
      held.shift()?.();
    }
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 17 }, () => false));
    expect(most()).toBe(1);
  });

  it("does not make a generated secret wait for scrypt", async () => {
    const { derive, held } = heldScrypt();
    const verifier = new SecretVerifier(seededRandom(), derive);
    const slow = verifier.verify(owner, [scryptSecret("human")], "human");
    expect(await verifier.verify(owner, [sha256Secret("generated"), scryptSecret("human")], "generated")).toBe(true);
    held.shift()?.();
    expect(await slow).toBe(true);
  });
});
