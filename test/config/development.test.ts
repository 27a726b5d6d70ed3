import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Random, systemRandom } from "../../src/base/random.ts";
import { developmentCurl } from "../../src/config/development.ts";
import { DEVELOPMENT_KEY_FILE, developmentKey } from "../../src/config/development-key.ts";
import { loadConfig } from "../../src/config/load.ts";
import { hashSecret } from "../../src/registry/secret.ts";
import { OPERATOR_ROLES } from "../../src/registry/tenant.ts";
import { ConfigError } from "../../src/schema/problems.ts";
import { keyBytes } from "../support/key-encryption-key.ts";
import { context, GRANT_TYPES, KEY, problemsOf } from "./context.ts";

describe("without a configuration file", () => {
  const config = loadConfig(context());
  const tenants = config.tenants;
  const request = readFileSync(new URL("../golden/000-request.txt", import.meta.url), "utf8");
  const [, basic = ""] = /^Authorization: Basic (\S+)/m.exec(request) ?? [];
  const [headerId = "", headerSecret = ""] = Buffer.from(basic, "base64").toString().split(":");

  test("the service is for this machine alone, and says so", () => {
    expect(config).toMatchObject({
      development: true,
      httpAddress: { host: "127.0.0.1", port: 7001 },
      rpcAddress: { host: "127.0.0.1", port: 7002 },
      store: "sqlite:./data/mintmark.db",
      dataDirectory: "/srv/data",
      keyEncryptionKeys: undefined,
    });
    expect(config.warnings).toHaveLength(1);
    expect(config.warnings[0]).toContain("development");
  });

  test.each(["default", "acme"])(
    "the tenant %s has the two clients of the examples, one of them in a Basic header",
    (id) => {
      const clients = tenants.get(id)?.clients;
      expect([...(clients?.keys() ?? [])]).toEqual(["arbitrary-resource-owner-client", headerId]);
      expect(clients?.get("arbitrary-resource-owner-client")?.secrets).toEqual([hashSecret("secret")]);
      expect(clients?.get(headerId)?.secrets).toEqual([hashSecret(headerSecret)]);
      for (const client of clients?.values() ?? []) {
        expect(client).toMatchObject({
          namespace: undefined,
          grants: new Set(GRANT_TYPES),
          scopes: "*",
          allowOfflineAccess: true,
          accessTokenLifetime: 2_592_000,
          allowedIssuers: new Set(["https://accounts.google.com"]),
          claims: new Map([["arbitrary_identity", { nudibranch_watermark: "Daffy Duck" }]]),
          requireSecret: true,
          requireRefreshSecret: false,
          refreshTokenUsage: "rotate",
          introspection: "own",
        });
      }
    },
  );

  test("the tenants have the resource and the authorities of the examples", () => {
    const acme = tenants.get("acme");
    expect(acme?.resources).toEqual(
      new Map([["aggregator_service", ["aggregator_service.read_only", "aggregator_service.full_access"]]]),
    );
    expect(acme?.authorities.get("wellknown://google")).toEqual({
      issuer: "https://accounts.google.com",
      audiences: ["1096301616546-edbl612881t7rkpljp3qa3juminskulo.apps.googleusercontent.com"],
      subjectPrefix: "myCompany.",
      amr: ["pwd"],
      assertions: "reusable",
      allowPrivateNetwork: false,
    });
    expect(acme?.authorities.get("wellknown://apple")?.issuer).toBe("https://appleid.apple.com");
    expect(acme?.issuer).toBe("http://127.0.0.1:7001/acme");
    expect(tenants.get("default")?.issuer).toBe("http://127.0.0.1:7001");
  });

  test("an operator may do everything for all tenants", () => {
    const operator = { id: "operator", roles: new Set(OPERATOR_ROLES), tenants: "*", secrets: [hashSecret("secret")] };
    expect([...tenants.values()].map(({ operators }) => operators)).toEqual([
      new Map([["operator", operator]]),
      new Map([["operator", operator]]),
    ]);
  });

  test.each(["0.0.0.0:7001", "10.0.0.1:7001", "mint.example:7001", "[::]:7001"])("%s is refused", (address) => {
    for (const name of [
      "MINTMARK_HTTP_ADDRESS",
      "MINTMARK_RPC_ADDRESS",
      "MINTMARK_OPERATOR_ADDRESS",
      "MINTMARK_MANAGEMENT_ADDRESS",
    ]) {
      const problems = problemsOf(context({ env: { [name]: address } }));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${name}: expected a loopback address such as 127.0.0.1:7001, got `));
    }
  });

  test.each(["127.0.0.1:9000", "localhost:8080", "[::1]:1", "127.1.2.3:9"])("%s is not", (address) => {
    const env = { MINTMARK_HTTP_ADDRESS: address, MINTMARK_RPC_ADDRESS: address };
    expect(problemsOf(context({ env }))).toEqual([]);
  });

  test("a key-encryption key from outside is used", () => {
    const { keyEncryptionKeys } = loadConfig(context({ env: { MINTMARK_KEY_ENCRYPTION_KEY: KEY } }));
    expect(keyEncryptionKeys).toEqual([keyBytes()]);
  });

  test("the line to paste names the default tenant and its issuer", () => {
    expect(developmentCurl("http://127.0.0.1:7001")).toContain(
      "http://127.0.0.1:7001/connect/token -u arbitrary-resource-owner-client:secret -d grant_type=arbitrary_token -d issuer=http://127.0.0.1:7001",
    );
  });
});

describe("the development key", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "mintmark-key-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test("is made once and kept, for its owner alone", () => {
    const data = join(directory, "data");
    const made = developmentKey(data, systemRandom);
    expect(made).toHaveLength(32);
    expect(developmentKey(data, systemRandom)).toEqual(made);
    expect(statSync(join(data, DEVELOPMENT_KEY_FILE)).mode & 0o777).toBe(0o600);
    expect(readdirSync(data)).toEqual([DEVELOPMENT_KEY_FILE]);
  });

  test("is the same for two that make it at once", () => {
    let other: Uint8Array | undefined;
    const slow: Random = {
      bytes(length) {
        // By now this one has seen that there is no key.
        other ??= developmentKey(directory, systemRandom);
        return systemRandom.bytes(length);
      },
    };
    expect(developmentKey(directory, slow)).toEqual(other);
    expect(readdirSync(directory)).toEqual([DEVELOPMENT_KEY_FILE]);
  });

  test.each(["", "c2hvcnQ", `${KEY}${KEY}`, "not base64url!"])("is refused if its file has %j", (text) => {
    const path = join(directory, DEVELOPMENT_KEY_FILE);
    writeFileSync(path, text);
    expect(() => developmentKey(directory, systemRandom)).toThrow(ConfigError);
    expect(() => developmentKey(directory, systemRandom)).toThrow(`${path}: expected 32 bytes in base64url`);
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("is refused if the directory cannot be created", () => {
    writeFileSync(join(directory, "file"), "");
    chmodSync(join(directory, "file"), 0o600);
    expect(() => developmentKey(join(directory, "file", "data"), systemRandom)).toThrow(
      /cannot create or read this file \(ENOTDIR\)/,
    );
  });
});
