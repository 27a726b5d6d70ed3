import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { keyBytes } from "../support/key-encryption-key.ts";
import { fileWorld, KEY, problemsOf, yamlOf } from "./context.ts";

const world = (audit: object, files = {}) => fileWorld(yamlOf({}, {}, { audit }), {}, files);
const auditOf = (audit: object, files = {}) => loadConfig(world(audit, files)).audit;

describe("the audit", () => {
  it("is off by default", () => expect(loadConfig(fileWorld(yamlOf())).audit).toBeUndefined());

  it("is written to a file or standard output, and not required unless that is said", () => {
    const rest = { required: false, sync: false, hmacKey: undefined };
    expect(auditOf({ file: "audit.jsonl" })).toEqual({ path: "/srv/audit.jsonl", ...rest });
    expect(auditOf({ file: "stdout" })).toEqual({ path: undefined, ...rest });
    const strict = { required: true, sync: true };
    expect(auditOf({ file: "/var/log/a", ...strict })).toMatchObject({ path: "/var/log/a", ...strict });
  });

  it("has keyed hashes for identifiers by a key in a file", () => {
    const settings = { file: "stdout", identifiers: "hmac", hmacKeyFile: "key" };
    expect(auditOf(settings, { "/srv/key": `${KEY}\n` })?.hmacKey).toEqual(keyBytes());
  });

  it.each([
    [{}, {}, "audit.file: expected a path, got nothing"],
    [{ file: "" }, {}, 'audit.file: expected a path, got ""'],
    [{ file: "stdout", identifiers: "sha1" }, {}, 'audit.identifiers: expected plain or hmac, got "sha1"'],
    [{ file: "stdout", identifiers: "hmac" }, {}, "audit.hmacKeyFile: required if identifiers is hmac"],
    [{ file: "stdout", hmacKeyFile: "key" }, {}, "audit.hmacKeyFile: not allowed unless identifiers is hmac"],
    [{ file: "stdout", identifiers: "hmac", hmacKeyFile: "key" }, {}, "audit.hmacKeyFile: cannot read key (ENOENT)"],
    [
      { file: "stdout", identifiers: "hmac", hmacKeyFile: "key" },
      { "/srv/key": "short" },
      expect.stringContaining("audit.hmacKeyFile: expected 32 bytes in base64url, base64 or hex"),
    ],
    [
      { file: "stdout", identifiers: "hmac", hmacKeyFile: "key" },
      { "/srv/key": `${KEY} ${Buffer.from(keyBytes(1)).toString("hex")}` },
      "audit.hmacKeyFile: expected one key, got 2",
    ],
  ])("refuses %j with %j", (audit, files, problem) => {
    expect(problemsOf(world(audit, files))).toEqual([problem]);
  });
});
