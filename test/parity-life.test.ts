import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimsOf } from "./support/decode.ts";
import { type Answer, type Door, type Form, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

let service: TestService;
let rpc: ReturnType<typeof rpcDoor>;
let doors: readonly Door[];

beforeAll(async () => {
  service = await startTestService();
  rpc = rpcDoor(service.rpcPort);
  doors = [gatewayDoor(service.publicUrl), rpc];
});
afterAll(async () => {
  rpc.close();
  await service.close();
});

const credentials = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };
const stranger = {
  client_id: "a1ce197b-dd13-43a0-8376-7b762304fdd5",
  client_secret: "DqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE",
};

let subjects = 0;

/** Tokens of a grant of its own, minted through the gateway. */
async function mint(form: Form = {}): Promise<{ accessToken: string; refreshToken: string; subject: string }> {
  subjects += 1;
  const subject = `subject ${subjects}`;
  const request = { grant_type: "arbitrary_identity", subject, scope: "b a offline_access", ...form };
  const { accessToken = "", refreshToken = "" } = (await doors[0]?.mint({ ...credentials, ...request })) ?? {};
  return { accessToken, refreshToken, subject };
}

type Operation = "refresh" | "introspect" | "revoke";

/** What both doors answer to the same request. */
function both(operation: Operation, form: Form) {
  return Promise.all(doors.map((door) => door[operation](form)));
}

describe("both doors refuse with the same code and words", () => {
  const refused: [string, Operation, Form, string][] = [
    ["refresh without a token", "refresh", credentials, "invalid_request"],
    ["refresh with another text", "refresh", { ...credentials, refresh_token: "none" }, "invalid_grant"],
    ["refresh of nobody", "refresh", { refresh_token: "none" }, "invalid_client"],
    [
      "refresh with a wrong secret",
      "refresh",
      { ...credentials, client_secret: "wrong", refresh_token: "none" },
      "invalid_client",
    ],
    ["introspect without a token", "introspect", credentials, "invalid_request"],
    [
      "introspect with a wrong secret",
      "introspect",
      { ...credentials, client_secret: "wrong", token: "x" },
      "invalid_client",
    ],
    ["introspect without a secret", "introspect", { client_id: credentials.client_id, token: "x" }, "invalid_client"],
    ["revoke without a token", "revoke", credentials, "invalid_request"],
    ["revoke with a wrong secret", "revoke", { ...credentials, client_secret: "wrong", token: "x" }, "invalid_client"],
    ["revoke of nobody", "revoke", { token: "x" }, "invalid_client"],
  ];

  it.each(refused)("%s", async (_, operation, form, code) => {
    const [one, other] = await both(operation, form);
    expect(one?.error).toMatchObject({ code, description: expect.stringMatching(/\S/) });
    expect(other).toEqual(one);
  });

  it("a scope that was not granted", async () => {
    const { refreshToken } = await mint();
    const [one, other] = await both("refresh", { ...credentials, refresh_token: refreshToken, scope: "a c" });
    expect(one?.error).toEqual({ code: "invalid_scope", description: "The scope 'c' was not granted." });
    expect(other).toEqual(one);
  });

  it("scopes of identity that were not granted, but only beside one that is none", async () => {
    const { refreshToken } = await mint();
    const form = { ...credentials, refresh_token: refreshToken };
    const [one, other] = await both("refresh", { ...form, scope: "openid profile c" });
    expect(one?.error).toEqual({ code: "invalid_scope", description: "The scope 'c' was not granted." });
    expect(other).toEqual(one);
    for (const answer of await both("refresh", { ...form, scope: "openid a profile" })) {
      expect(answer).toMatchObject({ scopes: ["a"] });
    }
  });

  it("another client's refresh token", async () => {
    const { refreshToken } = await mint();
    const [one, other] = await both("refresh", { ...stranger, refresh_token: refreshToken });
    expect(one?.error?.code).toBe("invalid_grant");
    expect(other).toEqual(one);
  });
});

describe("both doors do the same", () => {
  it("a refresh gets the same next refresh token through either", async () => {
    const { refreshToken } = await mint();
    const [one, other] = (await both("refresh", {
      ...credentials,
      refresh_token: refreshToken,
      scope: "a",
    })) as Answer[];
    expect(other?.refreshToken).toBe(one?.refreshToken);
    expect(one).toMatchObject({ tokenType: "Bearer", scopes: ["a"], idToken: expect.any(String) });
    expect({ ...other, accessToken: "", idToken: "" }).toEqual({ ...one, accessToken: "", idToken: "" });
    expect(Object.keys(claimsOf(other?.accessToken))).toEqual(Object.keys(claimsOf(one?.accessToken)));
  });

  it.each(["jwt", "reference"])(
    "an introspection says the same of a %s access token and of a refresh token",
    async (access_token_type) => {
      const arbitrary_claims = '{"__proto__":"a","number":1.5,"list":["a",1,true],"ключ":"ß"}';
      const { accessToken, refreshToken } = await mint({
        access_token_type,
        arbitrary_claims,
        custom_payload: '{"a":[null,{}]}',
      });
      for (const token of [accessToken, refreshToken, "none"]) {
        const [one, other] = await both("introspect", { ...credentials, token });
        expect(other).toEqual(one);
        expect(one).toMatchObject({ active: token !== "none" });
      }
    },
  );

  it.each([0, 1])("an introspection through door %i never calls a refresh token Bearer", async (door) => {
    const { accessToken, refreshToken } = await mint();
    const typeOf = async (token: string) =>
      (await doors[door]?.introspect({ ...credentials, token }))?.claims?.token_type;
    expect(await typeOf(accessToken)).toBe("Bearer");
    expect(await typeOf(refreshToken)).toBe("refresh_token");
    expect(await typeOf("none")).toBeUndefined();
  });

  it.each([0, 1])("a revocation through door %i is one through both", async (door) => {
    const tokens = await mint();
    const other = await mint();
    expect(await doors[door]?.revoke({ ...credentials, token: tokens.refreshToken })).toEqual({});
    expect(
      await doors[door]?.revoke({
        ...credentials,
        token: other.subject,
        token_type_hint: "subject",
        revoke_all_subjects: "true",
      }),
    ).toEqual({});
    for (const token of [tokens.accessToken, tokens.refreshToken, other.accessToken, other.refreshToken]) {
      expect(await both("introspect", { ...credentials, token })).toEqual([
        { active: false, claims: {} },
        { active: false, claims: {} },
      ]);
    }
  });

  it("a revocation of what is unknown, or another's, is no refusal", async () => {
    const { accessToken } = await mint();
    for (const form of [
      { ...credentials, token: "none", token_type_hint: "nonsense" },
      { ...stranger, token: accessToken },
    ]) {
      expect(await both("revoke", form)).toEqual([{}, {}]);
    }
    expect(await doors[1]?.introspect({ ...credentials, token: accessToken })).toMatchObject({ active: true });
  });
});

describe("both doors take a token in its one text alone", () => {
  const altered: [string, (token: string) => string][] = [
    ["a newline", (token) => `${token}\n`],
    ["a blank", (token) => ` ${token}`],
    ["padding", (token) => `${token}=`],
    ["padding inside", (token) => token.replace(".", "=.")],
  ];

  it.each(altered)("with %s it is inactive, mints nothing and is not revoked", async (_, alter) => {
    const { accessToken } = await mint();
    const token = alter(accessToken);
    const from = { grant_type: "arbitrary_resource_owner", access_token: token, arbitrary_claims: "{}" };
    for (const door of doors) {
      expect((await door.introspect({ ...credentials, token: accessToken })).active).toBe(true);
      expect(await door.introspect({ ...credentials, token })).toMatchObject({ active: false });
      expect((await door.mint({ ...credentials, ...from })).error?.code).toBe("invalid_grant");
      expect((await door.revoke({ ...credentials, token })).error).toBeUndefined();
      expect((await door.introspect({ ...credentials, token: accessToken })).active).toBe(true);
    }
  });
});
