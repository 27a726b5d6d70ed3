import { describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";

describe("help", () => {
  it.each([["--help"], ["-h"], ["help"]])("%s lists the commands and the exit codes", async (word) => {
    const { code, stdout, stderr } = await commandLine([word]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const told of ["Usage: mintmark", "serve", "keys", "copy", "Exit codes:"]) expect(stdout).toContain(told);
  });

  it.each([[["keys", "rotate", "--help"]], [["help", "keys", "rotate"]], [["keys", "rotate", "-h"]]])(
    "%j shows a command's own, with examples",
    async (args) => {
      const { code, stdout } = await commandLine(args);
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: mintmark keys rotate [options]");
      expect(stdout).toContain("Examples:\n  # ");
    },
  );

  it.each([[[]], [["keys"]], [["client"]], [["config"]]])("of %j has examples, too", async (names) => {
    expect((await commandLine([...names, "--help"])).stdout).toMatch(/^Examples:\n {2}# .*\n {2}mintmark/m);
  });

  it("is shown for a command that is none without another behind it, as an error", async () => {
    const { code, stdout, stderr } = await commandLine(["keys"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("Usage: mintmark keys");
  });

  it.each([["-V"], ["--version"]])("%s is the version", async (word) => {
    expect(await commandLine([word])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });
});

describe("a command line that makes no sense", () => {
  it.each([
    [["copy", "mongodb://user:hunter2@host"], "--from <url> is required"],
    [["keys", "list", "mongodb://user:hunter2@host"], "unexpected argument"],
    [["serve", "--confg", "mongodb://user:hunter2@host"], "unknown option --confg; did you mean --config?"],
    [["serve", "--confg=mongodb://user:hunter2@host"], "unknown option --confg"],
    [["copy", "--to=redis://hunter2@host", "--from=sqlite::memory:"], "The URL of the store must begin with"],
    [["mongodb://user:hunter2@host"], "unknown command\n"],
    [["rotate"], "unknown command rotate; did you mean mintmark keys rotate?"],
    [["kesy"], "unknown command kesy; did you mean mintmark keys?"],
    [["keys", "lst"], "unknown command lst; did you mean mintmark keys list?"],
    [["help", "nope"], "unknown command nope\n"],
    [["help", "kesy"], "unknown command kesy; did you mean mintmark keys?"],
    [["--confg", "hunter2"], "unknown option --confg; did you mean --config?"],
    [["--config"], "--config <path> is required"],
    [["--config="], "--config <path> is required"],
    [["keys", "list", "--format=hunter2"], "--format: Allowed choices are table, json, yaml."],
    [["keys", "list", "--timeout=hunter2"], "--timeout: Expected whole seconds"],
    [["copy", "--to"], "--to <url> is required"],
  ])("is told what is expected, and no argument is repeated: %j", async (args, message) => {
    const { code, stdout, stderr } = await commandLine(args, { env: { MINTMARK_START_TIMEOUT: "1s" } });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`mintmark: ${message}`);
    expect(stderr).not.toMatch(/hunter2|^ +at /m);
  });
});

describe("an output that fails", () => {
  it.each([["client", "hash-secret", "--generate"], ["config", "schema"], ["completion", "bash"], ["--help"]])(
    "is told, and is no success: %j",
    async (...args) => {
      const { code, stderr } = await commandLine(args, { failure: "ENOSPC" });
      expect(stderr).toBe("mintmark: Cannot write to standard output (ENOSPC): the output is incomplete.\n");
      expect(code).toBe(1);
    },
  );

  it("is none if the reader has had enough", async () => {
    expect(await commandLine(["--help"], { failure: "EPIPE" })).toMatchObject({ code: 0, stderr: "" });
  });
});
