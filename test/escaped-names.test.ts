import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, type Form } from "./support/doors.ts";
import { poisonOf } from "./support/poison.ts";
import { startTestService, type TestService } from "./support/service.ts";

// What JSON.parse takes for other names (see `parseExactJson`): looked at as text, since a test's own is no better.

const CLIENT = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };
const GRANT = "arbitrary_no_subject";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

async function post(path: string, form: Form): Promise<string> {
  const response = await fetch(`${service.publicUrl}${path}`, {
    method: "POST",
    body: new URLSearchParams({ ...CLIENT, ...form }),
  });
  return response.text();
}

/** A member of an answer that is a text with nothing to escape in it. */
function member(answer: string, name: string): string {
  const [, value] = new RegExp(`"${name}":"([^"\\\\]+)"`).exec(answer) ?? [];
  if (value === undefined) throw new Error(`there is no ${name} in ${answer}`);
  return value;
}

/** The payload of a JWT, as text. */
function payloadOf(jwt: string): string {
  return Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString();
}

const mint = (path: string, claims: string, form: Form = {}) =>
  post(`${path}/connect/token`, { grant_type: GRANT, arbitrary_claims: claims, ...form });

describe("a claim whose name is written with an escape keeps its name, whatever another tenant has sent before", () => {
  /** What another tenant, and even a caller without credentials, can send to that end; and the same here. */
  async function attack(claims: string): Promise<void> {
    await mint("/acme", poisonOf(claims));
    await mint("/acme", poisonOf(claims), { client_secret: "wrong" });
    JSON.parse(poisonOf(claims));
  }

  it.each([
    ['{"sub":"v","pr\\u00e9nom":"Ann"}', '"prénom":"Ann"'],
    ['{"sub":"v","say\\"hi":"Ann"}', '"say\\"hi":"Ann"'],
    ['{"sub":"v","a\\\\b":"Ann"}', '"a\\\\b":"Ann"'],
  ])("on the form: %s", async (claims, expected) => {
    await attack(claims);
    expect(payloadOf(member(await mint("", claims), "access_token"))).toContain(expected);
  });

  const rpc = async (claims: string) => {
    const response = await fetch(`${service.publicUrl}/mintmark.v1.TokenService/Mint`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: basic(CLIENT.client_id, CLIENT.client_secret),
      },
      body: `{"grantType":"${GRANT}","arbitraryClaims":${claims},"customPayload":[${claims}]}`,
    });
    return { status: response.status, text: await response.text() };
  };

  it("over Connect, in JSON", async () => {
    const claims = '{"sub":"v","pr\\u00e9nom":"Ann"}';
    await attack(claims);
    const payload = payloadOf(member((await rpc(claims)).text, "accessToken"));
    expect(payload).toContain(',"prénom":"Ann",');
    expect(payload).toContain('"custom_payload":[{"sub":"v","prénom":"Ann"}]');
  });

  it.each(['{"a\\"b":"1"}', '{"a\\\\":"1"}', '{"a\\n":"1"}', '{"\\ud800":"1"}'])(
    "over Connect, in JSON, where it needs one it is refused: %s",
    async (claims) => {
      const { status, text } = await rpc(claims);
      expect(status).toBe(400);
      expect(text).toContain(
        '"The request cannot be read: a name in its JSON contains a quote, a backslash or a control character. ' +
          'Send the binary form of protobuf, which allows such names."',
      );
      expect(text).toContain('"error":"invalid_request"');
    },
  );

  it("in a grant that is refreshed, and in what is said of its tokens", async () => {
    const claims = '{"a":"0","say\\"hi":"1","pr\\\\u00":"2","a\\\\b":"3"}';
    const expected = '"say\\"hi":"1","pr\\\\u00":"2","a\\\\b":"3"';
    let payload = "";
    for (const access_token_type of ["jwt", "reference"]) {
      await attack(claims);
      const first = await mint("", claims, { scope: "offline_access", access_token_type });
      await attack(claims);
      const refresh_token = member(first, "refresh_token");
      const next = await post("/connect/token", { grant_type: "refresh_token", refresh_token });
      const token = member(next, "access_token");
      if (access_token_type === "jwt") {
        payload = payloadOf(token);
        expect(payload).toContain(expected);
      }
      // What is kept of a reference token is like the payload of a JWT.
      JSON.parse(poisonOf(payload));
      expect(await post("/connect/introspect", { token })).toContain(expected);
    }
  });
});
