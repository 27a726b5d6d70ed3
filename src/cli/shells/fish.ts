import type { Place, Takes } from "./places.ts";
import { placeName, stepsOf } from "./script.ts";

/** A script that completes command lines in fish, and describes each word. */
export function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, takes }) => {
    const at = `complete -c mintmark -n "__mintmark_at '${placeName(path)}'"`;
    return [
      ...commands.map(({ word, purpose }) => `${at} -f -a ${word} -d ${quoted(purpose)}`),
      ...(typeof takes === "string" ? [] : [`${at} -f -a '${takes.join(" ")}'`]),
      ...(takes === "file" ? [`${at} -F`] : []),
      ...options.map(
        ({ names, purpose, takes: value }) =>
          `${at} ${names.map(flag).join(" ")}${offering(value)} -d ${quoted(purpose)}`,
      ),
    ];
  });
  return `# fish completion for mintmark. For this shell alone: mintmark completion fish | source
function __mintmark_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
      case ${stepsOf(places).join(" ")}
        set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
complete -c mintmark -f
${lines.join("\n")}
`;
}

function flag(name: string): string {
  return name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`;
}

function offering(takes: Takes): string {
  if (takes === "nothing") return "";
  if (takes === "file") return " -r -F";
  return takes === "text" ? " -x" : ` -x -a '${takes.join(" ")}'`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
