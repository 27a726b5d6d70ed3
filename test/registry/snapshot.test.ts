import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import { formatDocument } from "../../src/registry/document.ts";
import { faultsOf } from "../../src/registry/faults.ts";
import { buildSnapshot, type Snapshot } from "../../src/registry/snapshot.ts";
import { NOTHING_STORED, withRows } from "../../src/registry/stored-part.ts";
import type { Tenant } from "../../src/registry/tenant.ts";
import type { RegistrationRecord } from "../../src/store/registration-port.ts";
import { NOW } from "../store/contract/records.ts";
import { clientRow, prover, tenantRow } from "../support/registry.ts";
import { fileOf, testClient, testTenant } from "../support/tenant.ts";

const DAY = 86_400_000;
const ENTRY: JsonObject = { grants: ["arbitrary_no_subject"], scopes: ["nitro"] };

/** A snapshot of these rows over a file with these tenants, after a previous one. */
function snapshotOf(rows: readonly RegistrationRecord[], previous?: Snapshot, ...tenants: readonly Tenant[]): Snapshot {
  const file = previous?.file ?? fileOf(...(tenants.length > 0 ? tenants : [testTenant()]));
  return buildSnapshot(file, withRows(previous?.stored ?? NOTHING_STORED, rows, prover), previous);
}

const clientOf = ({ tenants }: Snapshot, id: string, tenant = "default") => tenants.get(tenant)?.clients.get(id);
const problemsOf = (snapshot: Snapshot) =>
  faultsOf(snapshot).map(({ id, isKept, problems }) => ({ id, isKept, problems }));

describe("a snapshot of file and store", () => {
  it("has stored clients of a tenant in the file, with the defaults of a file", () => {
    const client = clientOf(snapshotOf([clientRow("billing", ENTRY)]), "billing");
    expect(client).toMatchObject({ id: "billing", accessTokenLifetime: 3600, enabled: true, secrets: [] });
    expect(client?.scopes).toEqual(new Set(["nitro"]));
  });

  it("has stored tenants with stored clients, and operators of all tenants", () => {
    const rows = [tenantRow("acme", { limits: { claimsCount: 3 } }), clientRow("web", ENTRY, { tenant: "acme" })];
    const snapshot = snapshotOf(rows);
    expect(snapshot.tenants.get("acme")).toMatchObject({
      issuer: "https://mint.example/acme",
      limits: { claimsCount: 3 },
      operators: snapshot.file.rules.operators.ofAll,
    });
    expect(clientOf(snapshot, "web", "acme")).toBeDefined();
    expect(problemsOf(snapshot)).toEqual([]);
  });

  it("lets the file win, and its clients within a tenant", () => {
    const own = testClient();
    const rows = [
      tenantRow("default", { issuer: "https://other.example" }),
      clientRow(own.id, ENTRY),
      clientRow("new", ENTRY),
    ];
    const tenant = testTenant();
    const snapshot = snapshotOf(rows, undefined, tenant);
    expect(snapshot.tenants.get("default")?.issuer).toBe("https://mint.example");
    expect(clientOf(snapshot, own.id)).toBe(tenant.clients.get(own.id));
    expect(clientOf(snapshot, "new")).toBeDefined();
    expect(problemsOf(snapshot)).toEqual([]);
  });

  it("gives clients the defaults of their tenant for what they leave out", () => {
    const tenant = testTenant({ clientDefaults: { accessTokenLifetime: "5m", scopes: "*" } });
    const snapshot = snapshotOf([clientRow("billing", ENTRY), clientRow("bare", {})], undefined, tenant);
    expect(clientOf(snapshot, "billing")).toMatchObject({ accessTokenLifetime: 300, scopes: new Set(["nitro"]) });
    expect(clientOf(snapshot, "bare")).toMatchObject({ accessTokenLifetime: 300, scopes: "*" });
  });

  it("has secrets with their times", () => {
    const hash = `sha256:${"A".repeat(43)}`;
    const secrets = [{ id: "1", hash, createdAt: NOW, notBefore: NOW + 1, expiresAt: NOW + 2 }];
    const [secret] = clientOf(snapshotOf([clientRow("billing", ENTRY, {}, secrets)]), "billing")?.secrets ?? [];
    expect(secret).toMatchObject({ kind: "sha256", notBefore: NOW + 1, expiresAt: NOW + 2 });
  });

  it("builds only what has changed", () => {
    const rows = Array.from({ length: 20 }, (_, index) => clientRow(`${index}`, ENTRY));
    const before = snapshotOf([...rows, tenantRow("acme", {})]);
    const after = snapshotOf([clientRow("7", { ...ENTRY, enabled: false }, { etag: "7.2" })], before);
    for (let id = 0; id < 20; id++)
      expect(clientOf(after, `${id}`) === clientOf(before, `${id}`), `${id}`).toBe(id !== 7);
    expect(clientOf(after, "7")?.enabled).toBe(false);
    expect(after.tenants.get("acme")).toBe(before.tenants.get("acme"));
    // A row may come again.
    const [first = clientRow("0", ENTRY)] = rows;
    expect(snapshotOf([first], after).tenants.get("default")).toBe(after.tenants.get("default"));
  });

  it("builds a tenant's clients anew if what they are built by has changed", () => {
    const acme = (entry: JsonObject, etag: string) => tenantRow("acme", entry, { etag });
    const before = snapshotOf([acme({}, "1"), clientRow("web", ENTRY, { tenant: "acme" })]);
    const same = snapshotOf([acme({ strictClientAuthentication: true }, "2")], before);
    expect(same.tenants.get("acme")?.strictClientAuthentication).toBe(true);
    expect(clientOf(same, "web", "acme")).toBe(clientOf(before, "web", "acme"));
    const changed = snapshotOf([acme({ clientDefaults: { idTokenLifetime: 60 } }, "3")], same);
    expect(clientOf(changed, "web", "acme")?.idTokenLifetime).toBe(60);
  });

  it("loses what is deleted, and only then", () => {
    const before = snapshotOf([clientRow("billing", ENTRY)]);
    const deleted = { etag: "2", deletedAt: NOW + 5, purgeAt: NOW + DAY };
    const forged = { ...clientRow("billing", {}, deleted), mac: "forged" };
    const kept = snapshotOf([forged], before);
    expect(clientOf(kept, "billing")).toBe(clientOf(before, "billing"));
    expect(clientOf(snapshotOf([clientRow("billing", {}, deleted)], kept), "billing")).toBeUndefined();
  });

  describe("keeps what was good if a row", () => {
    const changes: readonly [string, RegistrationRecord, string][] = [
      [
        "was not written by this mint",
        { ...clientRow("billing", { grants: [] }, { etag: "2" }), mac: "" },
        "did not write",
      ],
      [
        "is of a newer program",
        clientRow("billing", {}, { etag: "2", document: '{"version":2,"entry":{}}' }),
        "version",
      ],
      ["says something new", clientRow("billing", { ...ENTRY, novel: true }, { etag: "2" }), "clients.billing.novel"],
      ["is no JSON", clientRow("billing", {}, { etag: "2", document: "{" }), "not JSON"],
      ["breaks a rule", clientRow("billing", { ...ENTRY, introspection: ["gone"] }, { etag: "2" }), "introspection[0]"],
      [
        "has a plain secret",
        clientRow("billing", ENTRY, {
          etag: "2",
          document: JSON.stringify({ version: 1, entry: {}, secrets: [{ id: "1", hash: "plain", createdAt: 1 }] }),
        }),
        "secrets[0].hash",
      ],
    ];

    it.each(changes)("%s, and says so", (_, row, problem) => {
      const before = snapshotOf([clientRow("billing", ENTRY)]);
      const after = snapshotOf([row], before);
      expect(clientOf(after, "billing")).toBe(clientOf(before, "billing"));
      expect(problemsOf(after)).toEqual([
        { id: "billing", isKept: true, problems: [expect.stringContaining(problem)] },
      ]);
      expect(JSON.stringify(problemsOf(after))).not.toContain("plain");
    });

    it.each(changes)("%s, and opens nothing if there was none", (_, row) => {
      const snapshot = snapshotOf([row]);
      expect(clientOf(snapshot, "billing")).toBeUndefined();
      expect(problemsOf(snapshot)).toMatchObject([{ id: "billing", isKept: false }]);
    });
  });

  it("keeps a stored tenant as it was if its row cannot be used", () => {
    const before = snapshotOf([tenantRow("acme", {}), clientRow("web", ENTRY, { tenant: "acme" })]);
    const after = snapshotOf([tenantRow("acme", { limits: { claimsCount: 0 } }, { etag: "2" })], before);
    expect(after.tenants.get("acme")).toEqual(before.tenants.get("acme"));
    expect(problemsOf(after)).toMatchObject([{ id: "acme", isKept: true }]);
  });

  it("has no client without its tenant, nor one of an earlier tenant of that name", () => {
    const orphan = snapshotOf([clientRow("web", ENTRY, { tenant: "acme" })]);
    expect(orphan.tenants.has("acme")).toBe(false);
    expect(problemsOf(orphan)).toMatchObject([{ id: "web", isKept: false, problems: ["its tenant does not exist"] }]);
    const later = snapshotOf([tenantRow("acme", {}, { createdAt: NOW + DAY })], orphan);
    expect(clientOf(later, "web", "acme")).toBeUndefined();
    expect(problemsOf(later)).toMatchObject([{ id: "web", problems: ["it belonged to an earlier tenant"] }]);
  });

  describe("has one tenant for an issuer", () => {
    const FILES = "https://mint.example/";

    it("of the file rather than a stored one, and says where the file contradicts it", () => {
      const snapshot = snapshotOf([tenantRow("acme", { issuer: FILES })]);
      expect([...snapshot.tenants.keys()]).toEqual(["default"]);
      expect(snapshot.conflicts).toEqual([
        'tenants.default.issuer: "https://mint.example" is the issuer of the tenant acme, which operators created',
      ]);
      expect(problemsOf(snapshot)).toMatchObject([{ id: "acme", isKept: false }]);
    });

    it("the older of two stored ones", () => {
      const [one, other] = ["one", "other"].map((id, index) =>
        tenantRow(id, { issuer: "https://same.example" }, { createdAt: NOW - index }),
      );
      const snapshot = snapshotOf([one, other].filter((row) => row !== undefined));
      expect([...snapshot.tenants.keys()]).toEqual(["default", "other"]);
      expect(snapshot.conflicts).toEqual([]);
    });

    it("whose name no client of another may use", () => {
      const rows = [
        tenantRow("acme", {}),
        clientRow("web", { ...ENTRY, allowedIssuers: ["https://mint.example/acme/"] }),
      ];
      const snapshot = snapshotOf(rows);
      expect(clientOf(snapshot, "web")).toBeUndefined();
      expect(snapshot.tenants.has("acme")).toBe(true);
      // Once nobody owns it any more, the client may.
      const deleted = { etag: "2", deletedAt: NOW, purgeAt: NOW };
      expect(clientOf(snapshotOf([tenantRow("acme", {}, deleted)], snapshot), "web")).toBeDefined();
    });

    it("that no client of the file may use already", () => {
      const snapshot = snapshotOf([tenantRow("google", { issuer: "https://accounts.google.com" })]);
      expect(snapshot.tenants.has("google")).toBe(false);
      expect(snapshot.conflicts).toEqual([
        expect.stringContaining("clients.arbitrary-resource-owner-client.allowedIssuers"),
      ]);
    });
  });

  it("reads rows again without building them again", () => {
    const rows = [clientRow("billing", ENTRY), tenantRow("acme", {})];
    const before = snapshotOf(rows);
    const again = buildSnapshot(before.file, withRows(NOTHING_STORED, rows, prover, before.stored), before);
    expect(clientOf(again, "billing")).toBe(clientOf(before, "billing"));
    const fewer = buildSnapshot(before.file, withRows(NOTHING_STORED, [], prover, before.stored), before);
    expect(clientOf(fewer, "billing")).toBeUndefined();
  });

  it("is the same after any changes as one that is built whole", () => {
    const SAME = "https://same.example";
    const own = tenantRow("own", { issuer: "https://own.example" });
    const changes: readonly (readonly RegistrationRecord[])[] = [
      [own, tenantRow("first", { issuer: SAME }, { createdAt: NOW - 2 })],
      [tenantRow("second", { issuer: SAME }, { createdAt: NOW - 1 }), clientRow("web", ENTRY, { tenant: "second" })],
      [clientRow("web", { ...ENTRY, accessTokenLifetime: "1m" }, { tenant: "second", etag: "web.2" })],
      [clientRow("namer", { ...ENTRY, allowedIssuers: ["https://own.example"] }, { tenant: "first" })],
      [clientRow("broken", { grants: 7 }, { tenant: "own" })],
      [tenantRow("first", { issuer: "https://else.example" }, { createdAt: NOW - 2, etag: "first.2" })],
      [tenantRow("second", {}, { etag: "second.2", deletedAt: NOW, purgeAt: NOW + DAY })],
      [tenantRow("own", {}, { etag: "own.2", deletedAt: NOW, purgeAt: NOW + DAY })],
      [tenantRow("third", { issuer: "https://own.example" })],
    ];
    let snapshot = snapshotOf([]);
    for (const rows of changes) {
      snapshot = snapshotOf(rows, snapshot);
      const whole = buildSnapshot(snapshot.file, snapshot.stored);
      expect(snapshot.tenants).toEqual(whole.tenants);
      expect(snapshot.conflicts).toEqual(whole.conflicts);
      expect(problemsOf(snapshot)).toEqual(problemsOf(whole));
    }
    // Without what is gone.
    const fewer = buildSnapshot(snapshot.file, withRows(NOTHING_STORED, [own], prover), snapshot);
    expect([...fewer.tenants.keys()]).toEqual(["default", "own"]);
  });

  it("has nothing that a document of another form says", () => {
    const document = formatDocument({ entry: {}, secrets: [] }).replace('"version"', '"Version"');
    expect(problemsOf(snapshotOf([clientRow("billing", {}, { document })]))).toHaveLength(1);
  });
});
