import { execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { processEnv } from "../support/process.ts";
import { blocksOf } from "../support/snippets.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** How long a registry may take, in milliseconds. */
const FETCH_TIMEOUT = 180_000;

/** A program and its arguments. */
type Command = readonly [program: string, ...args: string[]];

/** A language with a verifier in docs/verifying.md. */
export interface Language {
  readonly name: string;
  /** The info of its block. */
  readonly info: string;
  /** Where the verifier stands, in the folder that it runs in. */
  readonly file: string;
  /**
   * What runs it: reads a token from each line of standard input, and writes a line with `accepted` or `refused`. By file.
   */
  readonly harness: Readonly<Record<string, string>>;
  /** What gets its packages, in order. */
  readonly fetch: readonly Command[];
  /** What compiles it. */
  readonly build?: Command;
  readonly start: Command;
}

/** Runs with the packages that are here. */
export const javascript: Language = {
  name: "JavaScript",
  info: "js verifier",
  file: "verifier.mjs",
  harness: {
    "main.mjs": `import { createInterface } from "node:readline";
import { verify } from "./verifier.mjs";
for await (const token of createInterface(process.stdin)) {
  console.log(await verify(token).then(() => "accepted", () => "refused"));
}`,
  },
  fetch: [["ln", "-s", join(root, "node_modules"), "node_modules"]],
  start: [process.execPath, "main.mjs"],
};

/** Those whose packages come from their registries. */
export const others: readonly Language[] = [
  {
    name: "Python",
    info: "python verifier",
    file: "verifier.py",
    harness: {
      "main.py": `import sys, jwt, verifier
for line in sys.stdin:
    try:
        verifier.verify(line.strip())
        print("accepted")
    except jwt.PyJWTError:
        print("refused")
`,
    },
    fetch: [
      ["python3", "-m", "venv", "venv"],
      ["venv/bin/pip", "install", "--quiet", "pyjwt[crypto]==2.15.1"],
    ],
    start: ["venv/bin/python", "main.py"],
  },
  {
    name: "Go",
    info: "go verifier",
    file: "verifier.go",
    harness: {
      "go.mod": "module example.com/verifier\n\ngo 1.24\n",
      "main/main.go": `package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"example.com/verifier"
)

func main() {
	v, err := verifier.New(context.Background())
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if _, err := v.Verify(lines.Text()); err != nil {
			fmt.Println("refused")
		} else {
			fmt.Println("accepted")
		}
	}
}
`,
    },
    fetch: [["go", "get", "github.com/golang-jwt/jwt/v5@v5.3.1", "github.com/MicahParks/keyfunc/v3@v3.9.1"]],
    build: ["go", "build", "-o", "verify", "./main"],
    start: ["./verify"],
  },
  {
    name: "Java",
    info: "java verifier",
    file: "Verifier.java",
    harness: {
      "Main.java": `import java.util.Scanner;

final class Main {
  public static void main(String[] args) throws Exception {
    var verifier = new Verifier();
    for (var lines = new Scanner(System.in); lines.hasNextLine();) {
      try {
        verifier.verify(lines.nextLine());
        System.out.println("accepted");
      } catch (java.text.ParseException | com.nimbusds.jose.proc.BadJOSEException | com.nimbusds.jose.JOSEException e) {
        System.out.println("refused");
      }
    }
  }
}
`,
    },
    fetch: [
      ["mvn", "-q", "-B", "dependency:copy", "-Dartifact=com.nimbusds:nimbus-jose-jwt:10.5", "-DoutputDirectory=lib"],
    ],
    build: ["javac", "-cp", "lib/*", "Verifier.java", "Main.java"],
    start: ["java", "-cp", "lib/*:.", "Main"],
  },
];

/** Writes a page's verifier of an issuer, and what runs it, into a folder. */
export function writeVerifier(language: Language, folder: string, issuer: string): void {
  const page = readFileSync(join(root, "docs/verifying.md"), "utf8");
  const block = blocksOf(page).find(({ info }) => info === language.info);
  if (block === undefined) throw new Error(`The page has no verifier in ${language.name}.`);
  const verifier = block.text.replaceAll("https://tokens.example.com", issuer);
  for (const [name, content] of Object.entries({ ...language.harness, [language.file]: verifier })) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Gets a language's packages into a folder. False if this machine lacks the language, or cannot have the packages. */
export async function fetchPackages({ fetch }: Language, folder: string): Promise<boolean> {
  try {
    for (const [program, ...args] of fetch) await run(program, args, { cwd: folder, timeout: FETCH_TIMEOUT });
    return true;
  } catch {
    return false;
  }
}

/** Compiles the verifier in a folder, in a language that needs it. */
export async function build({ build: command }: Language, folder: string): Promise<void> {
  if (command === undefined) return;
  const [program, ...args] = command;
  await run(program, args, { cwd: folder });
}

/** What a verifier says of each token: `accepted` or `refused`. */
export async function verdicts(
  { start: [program, ...args] }: Language,
  folder: string,
  tokens: readonly string[],
): Promise<readonly string[]> {
  const child = spawn(program, args, { cwd: folder, env: processEnv, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(tokens.map((token) => `${token}\n`).join(""));
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const lines = said.split("\n").filter((line) => line !== "");
  if (lines.length !== tokens.length)
    throw new Error(`It said ${lines.length} of ${tokens.length} things: ${complaint}`);
  return lines;
}
