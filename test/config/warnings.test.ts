import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { mongoTls } from "../../src/config/store-url.ts";
import { context, fileWorld, SECRET, yamlOf } from "./context.ts";

const warnings = (client: object, top: object = {}, env: Record<string, string> = {}) =>
  loadConfig(fileWorld(yamlOf(client, {}, top), env)).warnings;

const CLIENT = "tenants.acme.clients.web";
const ENCODING = "which a client must form-encode when it authenticates (RFC 6749 section 2.3.1)";

describe("the start warns of", () => {
  test.each(["correct+horse-battery", "correct%20horse-battery"])(
    "a secret that form-encoding changes, without a word of it: %s",
    (secret) => {
      const [warning = "", ...others] = warnings({ secrets: ["env:WEB"] }, {}, { WEB: secret });
      expect(warning).toBe(
        `${CLIENT}.secrets[0]: the variable WEB has a + or %, ${ENCODING}: many do not, and are refused`,
      );
      expect(others).toEqual([]);
    },
  );

  test("a blank at a secret's end", () => {
    expect(warnings({ secrets: ["env:WEB"] }, {}, { WEB: "correct-horse-battery " })).toEqual([
      `${CLIENT}.secrets[0]: the variable WEB begins or ends with a space, which is part of the secret`,
    ]);
  });

  test.each(["we+b", "50%", "web:1"])("the id %s, as an operator's and as a client's", (id) => {
    const top = { operators: { [id]: { secrets: [SECRET], tenants: "*" } } };
    const yaml = JSON.stringify({ ...top, tenants: { acme: { clients: { [id]: { secrets: [SECRET] } } } } });
    expect(loadConfig(fileWorld(yaml)).warnings).toEqual([
      `operators["${id}"]: the id has a +, % or :, ${ENCODING}`,
      `tenants.acme.clients["${id}"]: the id has a +, % or :, ${ENCODING}`,
    ]);
  });

  test("signatures that may be too long for a header, and keys that verifiers do not find", () => {
    const tenant = (signing: object) => yamlOf({}, { signing });
    const of = (signing: object) => loadConfig(fileWorld(tenant(signing))).warnings;
    for (const algorithm of ["RS256", "ES512"]) expect(of({ algorithm, jwksKeyTypes: "classic" })).toEqual([]);
    const size = expect.stringMatching(
      /^tenants\.acme\.signing\.algorithm: a signature of ML-DSA-44 takes 3227 characters of each JWT; .* 8 kB .* 16 kB/,
    );
    expect(of({ algorithm: "ML-DSA-44" })).toEqual([size]);
    expect(of({ algorithm: "ML-DSA-44", jwksKeyTypes: "classic" })).toEqual([
      size,
      "tenants.acme.signing.jwksKeyTypes: classic leaves the keys of ML-DSA-44 out of the JWKS, so its verifiers cannot " +
        "check what they sign",
    ]);
  });

  test("an operator's tenant that is nearly one of the file", () => {
    const operator = (tenants: unknown) => warnings({}, { operators: { ops: { secrets: [SECRET], tenants } } });
    expect(operator(["acme", "acne"])).toEqual([
      'operators.ops.tenants[1]: "acne" is not a tenant of this file; did you mean acme?',
    ]);
    expect(operator(["acme", "initech"])).toEqual([]);
  });

  test("a refresh without the client's secret, unless the client has none", () => {
    expect(warnings({ requireRefreshSecret: false })).toEqual([
      `${CLIENT}.requireRefreshSecret: false, so anyone who has a refresh token can use it without the secret`,
    ]);
    const open = { requireSecret: false, grants: [] };
    expect(warnings({ ...open, requireRefreshSecret: false })).toEqual(warnings({ requireRefreshSecret: false }));
    expect(warnings(open)).toHaveLength(1);
    expect(warnings({ ...open, secrets: [] })).toEqual([]);
  });

  test("a client's scope that no resource owns, with the nearest that one does, if there are resources", () => {
    const resources = { orders: ["orders.read"], "https://billing": ["bill"] };
    const scopes = ["order.read", "orders.read", "orders", "openid", "zzz"];
    const withScopes = (given: unknown, tenant: object) =>
      loadConfig(fileWorld(yamlOf({ scopes: given }, tenant))).warnings;
    expect(withScopes(scopes, { resources })).toEqual([
      `${CLIENT}.scopes[0]: no resource owns order.read, so it becomes an audience of its own; did you mean orders.read?`,
      `${CLIENT}.scopes[4]: no resource owns zzz, so it becomes an audience of its own`,
    ]);
    expect(withScopes(scopes, {})).toEqual([]);
    expect(withScopes("*", { resources })).toEqual([]);
  });

  test("a grace of more than a minute", () => {
    expect(warnings({ refreshGrace: "61s" })).toEqual([
      expect.stringMatching(`^${CLIENT}.refreshGrace: 61s, during which`),
    ]);
    expect(warnings({ refreshGrace: "1m" })).toEqual([]);
  });

  test("a public URL of plain HTTP beyond this machine, unless that is meant", () => {
    expect(warnings({}, { publicUrl: "http://mint.example" })).toEqual([
      "The public URL http://mint.example is plain HTTP, so clients send their secrets in the clear: use https.",
    ]);
    for (const top of [{ publicUrl: "http://mint.example", insecureHttp: true }, { publicUrl: "http://localhost:1" }]) {
      expect(warnings({}, top)).toEqual([]);
    }
  });

  test("a MongoDB elsewhere without TLS, without a word of its URL", () => {
    const [warning = "", ...others] = warnings({}, {}, { MINTMARK_STORE: "mongodb://user:hunter2@db.example/mint" });
    expect(warning).toContain("its URL does not ask for TLS");
    expect(warning).not.toMatch(/hunter2|user|db\.example/);
    expect(others).toEqual([]);
  });

  test.each(["tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames"])(
    "a MongoDB elsewhere whose certificate is not checked: %s",
    (option) => {
      const MINTMARK_STORE = `mongodb://user:hunter2@db.example/mint?tls=true&${option}=true`;
      const told = warnings({}, {}, { MINTMARK_STORE });
      expect(told).toEqual([expect.stringContaining("accepts any certificate")]);
      expect(told.join()).not.toContain("hunter2");
      expect(mongoTls(MINTMARK_STORE.replace("=true&", "=true&w=majority&"))).toBe("unchecked");
    },
  );

  test("certificates that nobody checks, in development too", () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    expect(warnings({}, {}, env)).toEqual([expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED is 0/)]);
    expect(loadConfig(context({ env })).warnings).toHaveLength(2);
  });

  test("a store in memory", () => {
    expect(warnings({}, { store: "sqlite::memory:" })).toEqual([
      "The store is in memory: all keys and grants are lost when the process ends.",
    ]);
  });

  test("none of these in what is built in", () => {
    expect(loadConfig(context()).warnings).toEqual([expect.stringContaining("No configuration file was given")]);
  });
});

describe("a MongoDB URL", () => {
  test.each([
    "mongodb://db.example",
    "mongodb://user:pass@db.example:27017/mint?retryWrites=true",
    "mongodb://127.0.0.1,db.example/mint",
    "mongodb://10.0.0.1/mint",
    "MongoDB://db.example/?tls=false",
    "mongodb+srv://user:pass@db.example/mint?tls=false",
    "mongodb://db.example/?SSL=false",
  ])("%s does not ask for TLS", (url) => expect(mongoTls(url)).toBe("off"));

  test.each([
    "mongodb://db.example/?tls=true",
    "mongodb://db.example?tls=true",
    "mongodb://db.example/mint?w=majority&ssl=true&tlsInsecure=false",
    "mongodb+srv://user:pass@db.example/mint",
  ])("%s does", (url) => expect(mongoTls(url)).toBe("on"));

  test.each([
    "mongodb://127.0.0.1",
    "mongodb://user:pass@localhost:1,[::1]:2,127.0.0.1/mint",
    "mongodb://%2Ftmp%2Fmongodb-27017.sock/mint",
    "sqlite:./data/mintmark.db",
  ])("%s needs none", (url) => expect(mongoTls(url)).toBeUndefined());
});
