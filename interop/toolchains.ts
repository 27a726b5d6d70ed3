import type { Command } from "./command.ts";

/** What a client's language needs to run it, in the client's folder. */
export interface Toolchain {
  /** The programs that must be here. */
  readonly needs: readonly string[];
  /** What gets its packages, in order; what the lock files pin, and nothing else. */
  readonly fetch: readonly Command[];
  /** What compiles it. */
  readonly build?: Command;
  readonly start: Command;
}

/** `package.json` and its lock file, `main.mjs`. */
export const node: Toolchain = {
  needs: ["npm"],
  fetch: [["npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit"]],
  start: [process.execPath, "main.mjs"],
};

/** `requirements.txt` with hashes, `main.py`. */
export const python: Toolchain = {
  needs: ["python3"],
  fetch: [
    ["python3", "-m", "venv", "venv"],
    ["venv/bin/pip", "install", "--quiet", "--require-hashes", "--requirement", "requirements.txt"],
  ],
  start: ["venv/bin/python", "main.py"],
};

/** `go.mod` and `go.sum`, `main.go`. */
export const go: Toolchain = {
  needs: ["go"],
  fetch: [["go", "mod", "download"]],
  build: ["go", "build", "-mod=readonly", "-o", "client", "."],
  start: ["./client"],
};

const DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0";

/** `pom.xml`, which lists packages and nothing else, and `Main.java`. */
export const java: Toolchain = {
  needs: ["mvn", "javac", "java"],
  fetch: [["mvn", "--quiet", "--batch-mode", `${DEPENDENCY_PLUGIN}:copy-dependencies`, "-DoutputDirectory=lib"]],
  build: ["javac", "-cp", "lib/*", "-sourcepath", ".", "-d", "classes", "Main.java"],
  start: ["java", "-cp", "lib/*:classes", "Main"],
};
