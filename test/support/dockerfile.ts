/** An instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** Flags such as `from` of `--from=build`. */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows, with the defaults of `ARG` filled in. */
  readonly text: string;
}

/** The instructions of each stage of a Dockerfile, without comments, by the stage's name or its number. */
export function stagesOf(dockerfile: string): ReadonlyMap<string, readonly Instruction[]> {
  const lines = dockerfile
    .replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, "")
    .split("\n");
  const stages = new Map<string, Instruction[]>();
  const args = new Map<string, string>();
  let stage: Instruction[] = [];
  for (const line of lines) {
    const [, name, flagText = "", rest = ""] = /^([A-Z]+)((?: --\S+)*) (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const flags = Object.fromEntries(
      Array.from(flagText.matchAll(/--([\w-]+)=(\S+)/g), ([, key, value]) => [key, value]),
    );
    const text = rest.replace(/\$\{(\w+)\}/g, (_, arg: string) => args.get(arg) ?? "");
    if (name === "ARG") args.set(...(text.split("=", 2) as [string, string]));
    if (name === "FROM") {
      stage = [];
      stages.set(/ AS (\S+)$/.exec(text)?.[1] ?? String(stages.size), stage);
    }
    stage.push({ name, flags, text });
  }
  return stages;
}

/** The words of an instruction in its JSON form; undefined if it is a line for a shell. */
export function wordsOf({ text }: Instruction): readonly string[] | undefined {
  const [json] = /\[.*\]$/.exec(text) ?? [];
  return json === undefined ? undefined : JSON.parse(json);
}
