import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Presenter, type Scrypt, SecretVerifier } from "../../../src/engine/clients/secrets.ts";
import type { SecretHash } from "../../../src/registry/tenant.ts";
import type { Event } from "../../../src/telemetry/events.ts";
import { fakeClock } from "../../support/clock.ts";
import { seededRandom } from "../../support/random.ts";
import { refusalOf } from "../../support/refusal.ts";
import { sha256Secret } from "../../support/tenant.ts";

const owner: Presenter = { tenant: "default", role: "client", id: "client", isKnown: true };
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

/** What is told of refusals since the last report. */
function reported(verifier: SecretVerifier): readonly Event[] {
  const events: Event[] = [];
  verifier.report((event) => void events.push(event));
  return events;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("secrets", () => {
  it("knows a secret by either hash", async () => {
    const verifier = new SecretVerifier(seededRandom(), fakeClock());
    const hashes = [sha256Secret("generated"), scryptSecret("human")];
    expect(await verifier.verify(owner, hashes, "generated")).toBe(true);
    expect(await verifier.verify(owner, hashes, "human")).toBe(true);
    expect(await verifier.verify(owner, hashes, "wrong")).toBe(false);
    expect(await verifier.verify(owner, [], "any")).toBe(false);
  });

  it("pays scrypt once for a right secret, and every time for a wrong one", async () => {
    let paid = 0;
    const verifier = new SecretVerifier(seededRandom(), fakeClock(), async (secret) => {
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
    const verifier = new SecretVerifier(seededRandom(), fakeClock(), async (secret) => {
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
      const verifier = new SecretVerifier(seededRandom(), fakeClock(), derive);
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
    const verifier = new SecretVerifier(seededRandom(), fakeClock(), async (secret) => {
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
    const verifier = new SecretVerifier(seededRandom(), fakeClock(), async (secret) => {
      paid += 1;
      return scryptSecret(secret).digest;
    });
    const hash = scryptSecret("human");
    await verifier.verify(owner, [hash], "human");
    await verifier.verify({ ...owner, id: "other" }, [hash], "human");
    await verifier.verify({ ...owner, tenant: "other" }, [hash], "human");
    await verifier.verify(owner, [{ ...hash, salt: new Uint8Array(16) }], "human");
    await verifier.verify({ ...owner, role: "operator" }, [hash], "human");
    expect(paid).toBe(5);
  });

  describe("that wait for scrypt", () => {
    const hashes = [scryptSecret("human")];
    const BUSY = { code: "temporarily_unavailable" };

    /** A verifier whose scrypt is held, after so many wrong secrets of a presenter. */
    function flooded(presenter: Presenter, count: number) {
      const { derive, held, most } = heldScrypt();
      const clock = fakeClock();
      const verifier = new SecretVerifier(seededRandom(), clock, derive);
      const wrong = Array.from({ length: count }, (_, i) => verifier.verify(presenter, hashes, `wrong ${i}`));
      return { verifier, clock, wrong, most, release: releasing(held) };
    }

    /** Lets one after another be derived until `done` is; resolves to how many. */
    const releasing = (held: (() => void)[]) => async (done: Promise<unknown>) => {
      let isDone = false;
      void done.finally(() => {
        isDone = true;
      });
      let released = 0;
      while (!isDone) {
        const next = held.shift();
        if (next !== undefined) released += 1;
        next?.();
        await turn();
      }
      return released;
    };

    it("run one at a time; eight of a client and address wait, and the next is turned away", async () => {
      const { verifier, wrong, most, release } = flooded(owner, 9);
      expect(await refusalOf(verifier.verify(owner, hashes, "human"))).toMatchObject(BUSY);
      const all = Promise.all(wrong);
      await release(all);
      expect(await all).toEqual(Array.from({ length: 9 }, () => false));
      expect(most()).toBe(1);
    });

    it("are refused from any address once sixteen of a client wait", async () => {
      const { verifier, wrong, release } = flooded({ ...owner, address: "192.0.2.1" }, 9);
      wrong.push(
        ...Array.from({ length: 8 }, (_, i) =>
          verifier.verify({ ...owner, address: "192.0.2.2" }, hashes, `other ${i}`),
        ),
      );
      const third = { ...owner, address: "192.0.2.3" };
      expect(await refusalOf(verifier.verify(third, hashes, "human"))).toMatchObject(BUSY);
      await release(Promise.all(wrong));
    });

    it.each<[string, Partial<Presenter>, number]>([
      ["another address", { address: "192.0.2.2" }, 3],
      ["another client", { id: "other" }, 3],
      ["another tenant", { tenant: "other" }, 3],
      ["an operator", { role: "operator" }, 3],
    ])("do not hold up those of %s", async (_, changes, most) => {
      const { verifier, wrong, release } = flooded({ ...owner, address: "192.0.2.1" }, 9);
      const right = verifier.verify({ ...owner, address: "192.0.2.1", ...changes }, hashes, "human");
      expect(await release(right)).toBeLessThanOrEqual(most);
      expect(await right).toBe(true);
      await release(Promise.all(wrong));
    });

    it("are computed for an operator while a client's is", async () => {
      const { verifier, wrong, most, release } = flooded(owner, 2);
      const operator = verifier.verify({ ...owner, role: "operator" }, hashes, "human");
      expect(most()).toBe(2);
      await release(Promise.all([...wrong, operator]));
    });

    it("are turned away unread once they waited so long that nobody waits for the answer", async () => {
      const { clock, wrong, release } = flooded(owner, 4);
      clock.advance(10_001);
      const all = Promise.allSettled(wrong);
      expect(await release(all)).toBe(1);
      expect(await all).toMatchObject([{ value: false }, ...Array.from({ length: 3 }, () => ({ reason: BUSY }))]);
    });

    it.each([
      [owner, { event: "client_refused", client: "client" }],
      [
        { ...owner, id: "nobody", isKnown: false },
        { event: "client_refused", client: undefined },
      ],
      [{ ...owner, role: "operator" } as const, { event: "operator_refused", operator: "client" }],
    ])("say who was turned away, if it is configured", async (presenter, event) => {
      const { verifier, wrong, release } = flooded(presenter, 9);
      await expect(verifier.verify(presenter, hashes, "more")).rejects.toMatchObject({ event });
      await release(Promise.all(wrong));
    });

    it("are counted in one event when they are turned away", async () => {
      const { verifier, wrong, release } = flooded(owner, 9);
      for (let i = 0; i < 3; i++) await refusalOf(verifier.verify(owner, hashes, `more ${i}`));
      expect(reported(verifier)).toEqual([
        { event: "secrets_queue_full", tenant: "default", client: "client", count: 3, lastAddress: undefined },
      ]);
      await release(Promise.all(wrong));
    });
  });

  describe("that are wrong", () => {
    const hashes = [sha256Secret("right")];

    async function guess(verifier: SecretVerifier, presenter: Presenter, times: number): Promise<void> {
      for (let i = 0; i < times; i++) await verifier.verify(presenter, hashes, "guess");
    }

    it("are told with a count for each client, never what was presented", async () => {
      const verifier = new SecretVerifier(seededRandom(), fakeClock());
      await guess(verifier, owner, 40);
      for (let i = 0; i < 30; i++) await verifier.verify({ ...owner, id: `nobody ${i}`, isKnown: false }, [], "guess");
      await guess(verifier, { ...owner, role: "operator", id: "ops", address: "192.0.2.1" }, 2);
      const tenant = "default";
      expect([...reported(verifier), ...reported(verifier)]).toEqual([
        { event: "client_secrets_refused", tenant, client: "client", count: 40, lastAddress: undefined },
        { event: "client_secrets_refused", tenant, client: undefined, count: 30, lastAddress: undefined },
        { event: "operator_secrets_refused", tenant, operator: "ops", count: 2, lastAddress: "192.0.2.1" },
      ]);
    });
  });

  it("does not make a generated secret wait for scrypt", async () => {
    const { derive, held } = heldScrypt();
    const verifier = new SecretVerifier(seededRandom(), fakeClock(), derive);
    const slow = verifier.verify(owner, [scryptSecret("human")], "human");
    expect(await verifier.verify(owner, [sha256Secret("generated"), scryptSecret("human")], "generated")).toBe(true);
    held.shift()?.();
    expect(await slow).toBe(true);
  });
});
