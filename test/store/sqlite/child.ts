import { openSqliteStore } from "../../../src/store/sqlite/index.ts";
import { aFamily, aKey } from "../contract/records.ts";

/**
 * A node on its own, for the tests of several: `child.ts NAME PATH…`. It says `ready` and waits for a line. Then it
 * opens each file in turn, says `won PATH` if it was the one to append the first key, and closes it again, but for
 * the last: there it makes families without end, and says `made ID` when it is told that one is written.
 */
const [name = "", ...paths] = process.argv.slice(2);
const last = paths.at(-1);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

say("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.unref();

for (const path of paths) {
  const store = await openSqliteStore(`sqlite:${path}`);
  const { keys, families } = store.forTenant("acme");
  if (await keys.append(aKey({ sealed: name }), 0)) say(`won ${path}`);
  for (let count = 0; path === last; count++) {
    const ids = [`${name}.${count}.a`, `${name}.${count}.b`];
    await Promise.all(ids.map((id) => families.create(aFamily({ id })).then(() => say(`made ${id}`))));
  }
  await store.close();
}
