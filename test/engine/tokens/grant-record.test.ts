import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/base/json.ts";
import type { Approval } from "../../../src/engine/policy.ts";
import { ancestorsInRecord, readGrantRecord, writeGrantRecord } from "../../../src/engine/tokens/grant-record.ts";
import { poisonOf } from "../../support/poison.ts";

/** A row of each version, as it stands in a database, with every member that it can have. */
const WHOLE =
  '"grantType":"arbitrary_identity","issuer":"https://mint.example","subject":"someone","scopes":["a","offline_access"],' +
  '"showsOfflineAccess":true,"audience":[{"name":"https://mint.example/resources"},{"name":"a","scopes":["a"]},' +
  '{"name":"https://api.example","added":true}],"authTime":1767225600,"idp":"local","amr":["arbitrary_identity","otp"],' +
  '"claims":{"role":["admin","limited"],"level":1.5,"__proto__":"own"},"identifies":true,"fixedClaims":{"region":"eu"},' +
  '"mark":{"client_namespace":"group"},"accessTokenType":"jwt","accessTokenLifetime":1200,"idTokenLifetime":90';
const BARE =
  '"grantType":"arbitrary_no_subject","issuer":"https://mint.example","scopes":[],"showsOfflineAccess":false,"audience":[],' +
  '"claims":{},"identifies":false,"fixedClaims":{},"mark":{},"accessTokenType":"reference","accessTokenLifetime":1,' +
  '"idTokenLifetime":1';

/** What version 2 may have beside that. */
const RESTRICTED = '"latestExpiry":1767229200,"confirmation":{"jkt":"thumbprint"},"actor":{"sub":"service"}';

/** What version 3 may have beside that. */
const DERIVED =
  '"ancestors":[{"jti":"019b76da-a87b-7f2e-b850-4a44a5e74133","client":"web","subject":"someone","namespace":"group",' +
  '"issuedAt":1767225600123,"kid":"thumbprint"},{"client":"web","issuedAt":1,"rowKey":2}],"mayAct":{"sub":"service"}';

const whole: Approval = {
  grantType: "arbitrary_identity",
  issuer: "https://mint.example",
  subject: "someone",
  scopes: ["a", "offline_access"],
  listsOfflineAccess: true,
  audience: [
    { name: "https://mint.example/resources" },
    { name: "a", scopes: ["a"] },
    { name: "https://api.example", added: true },
  ],
  authTime: 1_767_225_600,
  idp: "local",
  amr: ["arbitrary_identity", "otp"],
  claims: JSON.parse('{"role":["admin","limited"],"level":1.5,"__proto__":"own"}'),
  issuesIdToken: true,
  fixedClaims: { region: "eu" },
  namespaceClaim: { client_namespace: "group" },
  accessTokenType: "jwt",
  accessTokenLifetime: 1200,
  idTokenLifetime: 90,
};
const bare: Approval = {
  grantType: "arbitrary_no_subject",
  issuer: "https://mint.example",
  scopes: [],
  listsOfflineAccess: false,
  audience: [],
  claims: {},
  issuesIdToken: false,
  fixedClaims: {},
  namespaceClaim: {},
  accessTokenType: "reference",
  accessTokenLifetime: 1,
  idTokenLifetime: 1,
};

const restricted: Approval = {
  ...whole,
  latestExpiry: 1_767_229_200,
  confirmation: { jkt: "thumbprint" },
  actor: { sub: "service" },
};

const derived: Approval = {
  ...restricted,
  ancestors: [
    {
      jti: "019b76da-a87b-7f2e-b850-4a44a5e74133",
      client: "web",
      subject: "someone",
      namespace: "group",
      issuedAt: 1_767_225_600_123,
      kid: "thumbprint",
    },
    { client: "web", issuedAt: 1, rowKey: 2 },
  ],
  mayAct: { sub: "service" },
};

describe("a stored grant", () => {
  it.each([
    ["version 0, whole", `{${WHOLE}}`, whole],
    ["version 0, bare", `{${BARE}}`, bare],
    ["version 1, whole", `{"version":1,${WHOLE}}`, whole],
    ["version 1, bare", `{"version":1,${BARE}}`, bare],
    ["version 2, whole", `{"version":2,${WHOLE},${RESTRICTED}}`, restricted],
    ["version 2, bare", `{"version":2,${BARE}}`, bare],
    ["version 3, whole", `{"version":3,${WHOLE},${RESTRICTED},${DERIVED}}`, derived],
    ["version 3, bare", `{"version":3,${BARE}}`, bare],
  ])("of %s is read for what it was", (_, text, approval) => {
    const read = readGrantRecord(text);
    expect(read).toStrictEqual(approval);
    expect(Object.keys(read.claims)).toEqual(Object.keys(approval.claims));
  });

  it("is written as version 1, which most programs can read", () => {
    expect(JSON.parse(writeGrantRecord(whole))).toEqual(JSON.parse(`{"version":1,${WHOLE}}`));
  });

  it.each<[string, Partial<Approval>]>([
    ["a latest expiry", { latestExpiry: 1_767_229_200 }],
    ["a confirmation", { confirmation: { jkt: "thumbprint" } }],
    ["an actor", { actor: { sub: "service" } }],
  ])("with %s is version 2, which no program that would forget it can read", (_, restriction) => {
    const text = writeGrantRecord({ ...whole, ...restriction });
    expect(JSON.parse(text)).toHaveProperty("version", 2);
    expect(readGrantRecord(text)).toStrictEqual({ ...whole, ...restriction });
  });

  it.each<[string, Partial<Approval>]>([
    ["what it was derived from", { ancestors: derived.ancestors }],
    ["who may act", { mayAct: { sub: "service" } }],
  ])("with %s is version 3", (_, restriction) => {
    const text = writeGrantRecord({ ...whole, ...restriction });
    expect(JSON.parse(text)).toHaveProperty("version", 3);
    expect(readGrantRecord(text)).toStrictEqual({ ...whole, ...restriction });
    expect(() => readGrantRecord(text.replace('"version":3', '"version":2'))).toThrow("unrecognized_keys");
  });

  it("tells what it was derived from, whatever its claims are called", () => {
    expect(ancestorsInRecord(writeGrantRecord(whole))).toEqual([]);
    expect(ancestorsInRecord(writeGrantRecord(derived))).toEqual(derived.ancestors);
    expect(ancestorsInRecord(writeGrantRecord({ ...whole, claims: { ancestors: ["x"] } }))).toEqual([]);
  });

  it.each<[string, string, string]>([
    [
      "a member that is not known",
      `{"version":1,"confirmation":{"jkt":"secret"},${WHOLE}}`,
      "the record (unrecognized_keys)",
    ],
    [
      "one in its audience",
      `{${BARE.replace('"audience":[]', '"audience":[{"name":"a","only":"b"}]')}}`,
      "audience.0 ",
    ],
    ["a member missing", `{${BARE.replace(',"identifies":false', "")}}`, "identifies (invalid_type)"],
    ["a member of another type", `{${BARE.replace('"scopes":[]', '"scopes":"secret"')}}`, "scopes (invalid_type)"],
    ["a later version", `{"version":4,${WHOLE}}`, "another version; the newest one known here is 3"],
    ["a version in words", `{"version":"1",${WHOLE}}`, "another version"],
    ["no object", '["secret"]', "the record (invalid_type)"],
    ["no JSON", "secret", "is not JSON"],
  ])("with %s cannot be read, and its error quotes nothing of it", (_, text, reason) => {
    expect(() => readGrantRecord(text)).toThrow(reason);
    expect(() => readGrantRecord(text)).not.toThrow(/secret/);
  });

  it("keeps the names of its claims, whatever was read before", () => {
    // As text: a name that the test had itself would be there before the poison.
    const text = `{${WHOLE.replace('"level"', String.raw`"clear\\ance"`)}}`;
    JSON.parse(poisonOf(text));
    expect(JSON.stringify(readGrantRecord(text).claims)).toContain(String.raw`"clear\\ance":1.5`);
  });

  it("is version 0 and its version, as programs that know no version read it", () => {
    const { version, ...rest } = JSON.parse(writeGrantRecord(whole));
    expect(version).toBe(1);
    expect(readGrantRecord(JSON.stringify(rest))).toStrictEqual(whole);
  });

  it("is read as it was written, whatever its claims", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        // JSON has no -0, and no names that are not its own.
        const approval = { ...whole, claims: JSON.parse(JSON.stringify(claims)) as JsonObject };
        expect(readGrantRecord(writeGrantRecord(approval))).toStrictEqual(approval);
      }),
    );
  });
});
