import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** What the page names in backticks that is a path: of a file or a room, from the root or from `src/`. */
const paths = [...page.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)]
  .map(([, path = ""]) => path)
  .filter((path) => path.includes("/"));

it.each([...new Set(paths)])("the page about the architecture names what there is: %s", (path) => {
  const places = [path, join("src", path), join("src/engine", path)];
  expect(places.some((place) => existsSync(join(root, place)))).toBe(true);
});

it("the page about the architecture has every room", () => {
  const rooms = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of rooms) expect(page).toContain(`\`src/${name}/\``);
});
