import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { aFamily, aKey } from "../contract/records.ts";
import { withFolder } from "./folder.ts";

const script = fileURLToPath(new URL("child.ts", import.meta.url));

/** A process that runs child.ts, and what it has said. */
interface Child {
  readonly name: string;
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly said: string[];
  /** Resolves when it has said a line that begins so, as often as told. */
  hear(beginning: string, times: number): Promise<void>;
}

function startChild(name: string, paths: readonly string[]): Child {
  const child = spawn(process.execPath, [script, name, ...paths], { stdio: ["pipe", "pipe", "inherit"] });
  const said: string[] = [];
  const lines = createInterface(child.stdout).on("line", (line) => said.push(line));
  return {
    name,
    process: child,
    said,
    hear: (beginning, times) =>
      new Promise((resolve, reject) => {
        function check(): void {
          if (said.filter((line) => line.startsWith(beginning)).length >= times) resolve();
        }
        lines.on("line", check);
        child.once("close", () => reject(new Error(`the process ${name} ended too early`)));
        check();
      }),
  };
}

it("processes agree on files that they make at once, and what one was told survives its death", () =>
  withFolder(async (folder) => {
    const paths = Array.from({ length: 8 }, (_, index) => join(folder, "new", `${index}.db`));
    const children = ["one", "two", "three"].map((name) => startChild(name, paths));
    try {
      await Promise.all(children.map((child) => child.hear("ready", 1)));
      for (const child of children) child.process.stdin.write("go\n");
      await Promise.all(children.map((child) => child.hear("made", 40)));
    } finally {
      await Promise.all(children.map((child) => kill(child)));
    }

    for (const path of paths) {
      const winners = children.filter((child) => child.said.includes(`won ${path}`)).map((child) => child.name);
      expect(winners).toHaveLength(1);
      const store = await openSqliteStore(`sqlite:${path}`);
      const { keys, families } = store.forTenant("acme");
      expect(await keys.list()).toStrictEqual(winners.map((sealed) => aKey({ sealed })));
      for (const id of path === paths.at(-1) ? children.flatMap(made) : []) {
        expect(await families.find(id)).toStrictEqual(aFamily({ id }));
      }
      await store.close();
    }
  }));

/** The ids of the families that the child was told are written. */
function made({ said }: Child): readonly string[] {
  return said.filter((line) => line.startsWith("made ")).map((line) => line.slice("made ".length));
}

/** Ends the process in the middle of what it does. */
async function kill({ process }: Child): Promise<void> {
  const ended = process.exitCode === null && process.signalCode === null ? once(process, "close") : undefined;
  process.kill("SIGKILL");
  await ended;
}
