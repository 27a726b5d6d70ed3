import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { readAgain, readCertificateAgain } from "../../src/config/reload.ts";
import { hashSecret } from "../../src/registry/secret.ts";
import { ConfigError } from "../../src/schema/problems.ts";
import { keyBytes, keyText } from "../support/key-encryption-key.ts";
import { fileWorld, PLAIN_SECRET, SECRET, yamlOf } from "./context.ts";

const NONE = { added: [], removed: [], changed: [] };

/** What a service that runs with one file makes of another. */
const reload = (before: string, after: string) => readAgain(loadConfig(fileWorld(before)), fileWorld(after));

const problemsOf = (before: string, after: string): readonly string[] => {
  try {
    reload(before, after);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe("a configuration that is read again", () => {
  test("changes nothing if it is the same", () => {
    const running = loadConfig(fileWorld(yamlOf()));
    const { store } = running;
    expect(readAgain(running, fileWorld(yamlOf()))).toEqual({ config: running, store, changes: NONE, restart: [] });
  });

  test("changes tenants, clients, operators, authorities and resources, and says where", () => {
    const google = { issuer: "https://accounts.google.com", audiences: ["app"] };
    const before = yamlOf({ scopes: ["a"] }, { authorities: { google }, markClaim: "group" });
    const after = JSON.stringify({
      operators: { alice: { secrets: [SECRET], tenants: ["acme"] } },
      tenants: {
        acme: {
          authorities: { google: { ...google, amr: ["pwd"] } },
          resources: { orders: ["orders.read"] },
          signing: { algorithm: "EdDSA" },
          clients: { web: { secrets: [SECRET], scopes: ["a", "b"] }, app: { secrets: [SECRET] } },
        },
        other: {},
      },
    });
    const { config, changes, restart } = reload(before, after);
    expect(changes).toEqual({
      added: [
        "tenants.acme.resources.orders",
        "tenants.acme.clients.app",
        "tenants.acme.operators.alice",
        "tenants.other",
      ],
      removed: [],
      changed: [
        "tenants.acme.signing.algorithm",
        "tenants.acme.authorities.google.amr",
        "tenants.acme.clients.web.scopes",
        "tenants.acme.markClaim",
      ],
    });
    expect([...config.tenants.keys()]).toEqual(["acme", "other"]);
    expect(restart).toEqual([]);
  });

  test("names a secret that was replaced, and never tells it", () => {
    const { changes } = reload(yamlOf(), yamlOf({ secrets: ["sha256:ke5fibr0WVcPA9BVZ9xZ3CG-Q4yvBr79B7JuscLaekg"] }));
    expect(changes).toEqual({ ...NONE, changed: ["tenants.acme.clients.web.secrets"] });
  });

  test("is refused with all that a start would refuse", () => {
    expect(problemsOf(yamlOf(), yamlOf({ grants: ["sing"] }, { markClaim: "iss" }))).toEqual([
      expect.stringMatching(/^tenants\.acme\.markClaim: /),
      expect.stringMatching(/^tenants\.acme\.clients\.web\.grants\[0\]: unknown grant type "sing"/),
    ]);
  });

  test("names what counts only after a restart, and keeps it until then", () => {
    const top = {
      publicUrl: "https://new.example",
      httpAddress: "127.0.0.1:8001",
      keyMaxStaleness: "10m",
      logLevel: "warn",
    };
    const { config, changes, restart } = reload(yamlOf(), yamlOf({ scopes: ["b"] }, {}, top));
    expect(restart.toSorted()).toEqual(["httpAddress", "keyMaxStaleness", "logLevel", "publicUrl"]);
    expect(changes).toEqual({ ...NONE, changed: ["tenants.acme.clients.web.scopes"] });
    expect(config).toMatchObject({ publicUrl: "http://127.0.0.1:7001", keyMaxStaleness: 900, logLevel: "info" });
    expect(config.tenants.get("acme")?.issuer).toBe("http://127.0.0.1:7001/acme");
  });

  test("says nothing of a store's URL but that it is another", () => {
    const store = "mongodb://mint:hunter2@db.example.com/mint?tls=true";
    expect(reload(yamlOf(), yamlOf({}, {}, { store })).restart).toEqual(["store"]);
  });

  test("is refused if its tenants do not fit the settings that stay until a restart", () => {
    const staleness = { keyMaxStaleness: "5m" };
    const signing = { jwksMaxAge: "1h", publishAhead: "70m" };
    expect(problemsOf(yamlOf(), yamlOf({}, { signing }, staleness))).toEqual([
      expect.stringContaining("tenants.acme.signing.publishAhead: expected at least 76m"),
    ]);
    expect(problemsOf(yamlOf({}, {}, staleness), yamlOf({}, { signing }, staleness))).toEqual([]);
  });

  test("reads the secrets in its variables again", () => {
    const file = yamlOf({ secrets: ["env:WEB"] });
    const running = loadConfig(fileWorld(file, { WEB: PLAIN_SECRET }));
    const { changes } = readAgain(running, fileWorld(file, { WEB: `another-${PLAIN_SECRET}` }));
    expect(changes.changed).toEqual(["tenants.acme.clients.web.secrets"]);
  });
});

test("a secret in a file that is read again counts at once", () => {
  const file = yamlOf({ secrets: ["file:web"] });
  const withSecret = (secret: string) => fileWorld(file, {}, { "/srv/web": secret });
  const { config, changes } = readAgain(loadConfig(withSecret(PLAIN_SECRET)), withSecret(`another-${PLAIN_SECRET}\n`));
  expect(config.tenants.get("acme")?.clients.get("web")?.secrets).toEqual([hashSecret(`another-${PLAIN_SECRET}`)]);
  expect(changes).toEqual({ ...NONE, changed: ["tenants.acme.clients.web.secrets"] });
});

describe("a certificate that is read again", () => {
  const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), "utf8");
  const tls = { certificate: "a.crt", key: "a.key" };
  const withPair = (certificate: string, key: string, client: object = {}, more: object = {}) =>
    fileWorld(
      yamlOf(client, {}, { tls: { ...tls, ...more } }),
      {},
      { "/srv/a.crt": pem(certificate), "/srv/a.key": pem(key) },
    );
  const running = loadConfig(withPair("cert", "key"));

  test("counts at once, with its key", () => {
    const { config, changes, restart } = readAgain(running, withPair("other-cert", "other-key"));
    expect(config.tls).toMatchObject({ certificate: pem("other-cert"), key: pem("other-key") });
    expect(changes).toEqual({ ...NONE, changed: ["tls.certificate", "tls.key"] });
    expect(restart).toEqual([]);
  });

  test("may be at another place, and so may the lowest version be another", () => {
    const context = withPair("cert", "key", {}, { minVersion: 1.3 });
    expect(readAgain(running, context).changes.changed).toEqual(["tls.minVersion"]);
  });

  test("is refused with a key that is not its own", () => {
    expect(() => readAgain(running, withPair("other-cert", "key"))).toThrow(
      "expected a.key to contain the private key",
    );
    expect(() => readCertificateAgain(running, withPair("cert", "other-key"))).toThrow("expected a.key to contain");
  });

  test("can be read without the rest of the configuration", () => {
    const context = { ...withPair("other-cert", "other-key", { scopes: ["b"] }) };
    const { config, changes } = readCertificateAgain(running, context);
    expect(config).toEqual({
      ...running,
      tls: { ...running.tls, certificate: pem("other-cert"), key: pem("other-key") },
    });
    expect(changes).toEqual({ ...NONE, changed: ["tls.certificate", "tls.key"] });
  });

  test("needs a restart if there was none before, or is none now", () => {
    const plain = loadConfig(fileWorld(yamlOf()));
    expect(readAgain(plain, withPair("cert", "key")).restart.toSorted()).toEqual(["publicUrl", "tls"]);
    const { config, restart } = readAgain(running, fileWorld(yamlOf()));
    expect(restart.toSorted()).toEqual(["publicUrl", "tls"]);
    expect(config.tls).toEqual(running.tls);
  });
});

describe("key-encryption keys that are read again", () => {
  const file = yamlOf({}, {}, { keyEncryptionKeyFile: "keys" });
  const withKeys = (keys: readonly number[]) => ({
    ...fileWorld(file, {}, { "/srv/keys": keys.map(keyText).join("\n") }),
    env: {},
  });
  const reloadKeys = (before: readonly number[], after: readonly number[]) =>
    readAgain(loadConfig(withKeys(before)), withKeys(after));

  test.each([
    [[1], [1, 2]],
    [
      [1, 2],
      [2, 1],
    ],
    [[2, 1], [2]],
  ])("may go from %j to %j", (before, after) => {
    const { config, changes } = reloadKeys(before, after);
    expect(config.keyEncryptionKeys).toEqual(after.map(keyBytes));
    expect(changes).toEqual({ ...NONE, changed: ["keyEncryptionKeys"] });
  });

  test.each([
    [[1], [2]],
    [[1, 2], [2]],
  ])("may not go from %j to %j: what the service has sealed would not open", (before, after) => {
    expect(() => reloadKeys(before, after)).toThrow(
      "expected the key that the service currently seals with to be among the keys",
    );
  });
});
