import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openStore } from "../../../src/store/index.ts";
import { createClient } from "../../../src/store/mongodb/client.ts";
import { databaseOf } from "../../../src/store/mongodb/url.ts";
import { StoreUnavailableError, StoreUnusableError } from "../../../src/store/port.ts";
import { recordingLogger } from "../../support/logger.ts";

/** Nothing listens there. */
const HOST = "127.0.0.1:1";

/** What a start with that store tells, in its error and in its log. */
async function toldOf(url: string, startTimeout = 1): Promise<{ error: unknown; text: string }> {
  const logger = recordingLogger();
  const error: unknown = await openStore(url, { logger, startTimeout }).then(
    (store) => store.close(),
    (reason: unknown) => reason,
  );
  return { error, text: `${error instanceof Error ? error.message : error} ${logger.text()}` };
}

const urlWith = (password: string) => `mongodb://user:${password}@${HOST}/mint?timeoutMS=20`;

/** Passwords as people and generators make them, and those that break a URL in every way. */
const passwords = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 24 }),
  fc.string({ unit: fc.constantFrom(..."@:/?#%[],.&=+ ab12\\"), minLength: 1, maxLength: 12 }),
  fc
    .tuple(fc.constantFrom(..."@:/?#%"), fc.stringMatching(/^[0-9]{3,5}$/), fc.stringMatching(/^[a-z]{3,8}$/))
    .chain(([mark, digits, word]) =>
      fc.constantFrom(`${digits}${mark}${word}`, `${word}${mark}${digits}`, word + mark),
    ),
);

describe("a password that is not percent-encoded", () => {
  it("shows in no error and no line of the log, not even a part of it", async () => {
    // Whatever is told of every URL tells nothing of one; a start that tries again tells all that there may be.
    const [unreachable, unusable] = [(await toldOf(urlWith("x"), 300)).text, (await toldOf(urlWith("@"))).text];
    expect(unreachable).toContain("trying again");
    expect(unreachable).toContain(`The MongoDB store at ${HOST} cannot be reached`);
    await fc.assert(
      fc.asyncProperty(passwords, async (password) => {
        const { error, text } = await toldOf(urlWith(password));
        expect(error instanceof StoreUnavailableError || error instanceof StoreUnusableError).toBe(true);
        for (let start = 0; start + 3 <= password.length; start++) {
          const part = password.slice(start, start + 3);
          if (!unreachable.includes(part) && !unusable.includes(part)) expect(text).not.toContain(part);
        }
        if (error instanceof StoreUnusableError) expect(text).toBe(unusable);
        else expect(text).toContain(HOST);
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  it.each(["p@ss", "p:ss", "p/ss", "123/ss", "p?ss", "123?ss", "p#ss", "p%ss", "p%4", "p[ss", "p]ss", "p ss", "p\nss"])(
    "is refused, and told how to be encoded: %j",
    async (password) => {
      const { error, text } = await toldOf(urlWith(password));
      expect(error).toBeInstanceOf(StoreUnusableError);
      expect(text).toContain("percent-encoded (% is %25");
    },
  );

  it("is taken once it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (password) => {
        const client = createClient(urlWith(encodeURIComponent(password))).client;
        expect(client.options.credentials?.password ?? "").toBe(password);
      }),
    );
  });
});

describe("the hosts", () => {
  it.each([
    "one",
    "one:1",
    "one,two:27017",
    "127.0.0.1:65535",
    "[::1]:1,[fd00::2]",
    "under_score",
    "%2Ftmp%2Fm-1.sock",
  ])("%s are taken", (hosts) => expect(databaseOf(`mongodb://${hosts}/mint`)).toBe("mint"));

  it.each(["", ",", "one,", "one:", "one:0", "one:65536", "one:x", "[one]", "[::1", "::1", "one two", "é"])(
    "%j are not",
    (hosts) => expect(() => databaseOf(`mongodb://user:x@${hosts}/mint`)).toThrow(StoreUnusableError),
  );

  it("of SRV records are one name", () => {
    expect(databaseOf("mongodb+srv://user:x@db.example.com/mint")).toBe("mint");
    expect(() => databaseOf("mongodb+srv://db.example.com:1/mint")).toThrow(StoreUnusableError);
    expect(() => databaseOf("mongodb+srv://a.example.com,b.example.com/mint")).toThrow(StoreUnusableError);
  });
});

describe("the database", () => {
  it.each([
    ["", undefined],
    ["/", undefined],
    ["/?w=majority", undefined],
    ["?w=majority", undefined],
    ["/mint-1_é", "mint-1_é"],
    ["/min%74", "mint"],
    [`/${"x".repeat(63)}`, "x".repeat(63)],
  ])("of host%s is %s", (rest, name) => expect(databaseOf(`mongodb://host${rest}`)).toBe(name));

  it.each(["a.b", "a b", "a%20b", "a%2Eb", "a/b", "a%2Fb", "a$b", 'a"b', "a*b", "a%00b", "a%", "é".repeat(32), "a:b"])(
    "cannot be named %s, and the name is not repeated",
    (name) => {
      const refused = () => databaseOf(`mongodb://host/${name}`);
      expect(refused).toThrow("The MongoDB URL's database must have a name of at most 63 bytes");
      expect(refused).not.toThrow(name);
    },
  );
});
