import type { Place, Takes } from "./places.ts";

/** The commands that lead to a place, as patterns of a `case`. Each begins with a space. */
export function stepsOf(places: readonly Place[]): readonly string[] {
  return places.filter(({ path }) => path !== "").map(({ path }) => `'${placeName(path)}'`);
}

/** The name of a place in the scripts. */
export function placeName(path: string): string {
  return path === "" ? "" : ` ${path}`;
}

/** What may follow options, with the patterns of a `case` on place and option. */
export function valuesOf(places: readonly Place[]): readonly (readonly [takes: Takes, patterns: string])[] {
  const options = places.flatMap(({ path, options }) =>
    options.flatMap(({ names, takes }) => names.map((name) => ({ path, name, takes, key: String(takes) }))),
  );
  const differs = (name: string) =>
    new Set(options.filter((each) => each.name === name).map(({ key }) => key)).size > 1;
  return [...Map.groupBy(options, ({ key }) => key).values()].flatMap((alike) => {
    const [{ takes } = { takes: "nothing" as const }] = alike;
    const patterns = alike.map(({ path, name }) => (differs(name) ? `'${placeName(path)}|${name}'` : `*'|${name}'`));
    return takes === "nothing" ? [] : [[takes, [...new Set(patterns)].join("|")] as const];
  });
}
