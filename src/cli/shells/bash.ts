import type { Place } from "./places.ts";
import { placeName, stepsOf, valuesOf } from "./script.ts";

/** A script that completes command lines in bash 3.2 or newer. If it offers nothing, bash offers files. */
export function bashScript(places: readonly Place[]): string {
  const values = valuesOf(places).map(([takes, patterns]) => {
    const offered = typeof takes === "string" ? "" : `COMPREPLY=($(compgen -W '${takes.join(" ")}' -- "$cur")); `;
    return `    ${patterns}) ${offered}return ;;`;
  });
  const words = places.map(({ path, commands, options, takes }) => {
    const all = [
      ...commands.map(({ word }) => word),
      ...(typeof takes === "string" ? [] : takes),
      ...options.flatMap(({ names }) => names),
    ];
    return `    '${placeName(path)}') words='${all.join(" ")}' ;;`;
  });
  return `# bash completion for mintmark. For this shell alone: source <(mintmark completion bash)
_mintmark() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" place='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
      ${stepsOf(places).join("|")}) place="$place \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place|\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join("\n")}
  esac
  case "$place" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _mintmark mintmark
`;
}
