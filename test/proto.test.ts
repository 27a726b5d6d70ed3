import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { file_mintmark_v1_error } from "../gen/mintmark/v1/error_pb.ts";
import { file_mintmark_v1_key_service } from "../gen/mintmark/v1/key_service_pb.ts";
import { file_mintmark_v1_token_service } from "../gen/mintmark/v1/token_service_pb.ts";

describe.each([file_mintmark_v1_error, file_mintmark_v1_key_service, file_mintmark_v1_token_service])(
  "$name.proto",
  ({ proto }) => {
    it("needs no flags to be compiled for Go and Java", () => {
      expect(proto.options).toMatchObject({
        goPackage: "mintmark/v1;mintmarkv1",
        javaPackage: "mintmark.v1",
        javaMultipleFiles: true,
        javaOuterClassname: expect.stringMatching(/Proto$/),
      });
    });
  },
);

describe("the check against the last release", () => {
  const root = join(import.meta.dirname, "..");
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mintmark-proto-"));
    for (const name of ["buf.yaml", "proto"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What buf says of the change of a file, if it finds a break. */
  function breaks(file: string, from: string, to: string): string {
    const path = join(folder, "proto/mintmark/v1", file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(from, to));
    try {
      expect(readFileSync(path, "utf8")).not.toBe(text);
      const buf = join(root, "node_modules/.bin/buf");
      return spawnSync(buf, ["breaking", "--against", "proto/released.binpb"], { cwd: folder, encoding: "utf8" })
        .stdout;
    } finally {
      writeFileSync(path, text);
    }
  }

  it("is part of npm run check", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(scripts.check).toContain("buf breaking --against proto/released.binpb");
  });

  it("lets a new field pass, and no other number or name for one that there is", () => {
    expect(breaks("error.proto", "string error = 1;", "string error = 1;\n  string more = 9;")).toBe("");
    expect(breaks("error.proto", "string error = 1;", "string error = 3;")).toContain("OAuthErrorDetail");
    expect(breaks("token_service.proto", "grant_type = 2", "grant = 2")).toContain("MintRequest");
  });
});
