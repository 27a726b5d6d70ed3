import type { Place, Takes, Word } from "./places.ts";
import { placeName, stepsOf, valuesOf } from "./script.ts";

/** A script that completes command lines in zsh, and describes each word. */
export function zshScript(places: readonly Place[]): string {
  const values = valuesOf(places).map(([takes, patterns]) => `    (${patterns}) ${offering(takes)}; return ;;`);
  const words = places.map(({ path, commands, options, takes }) => {
    const named = options.flatMap(({ names, purpose }) => names.map((word) => ({ word, purpose })));
    const listed = typeof takes === "string" ? commands : takes.map((word) => ({ word, purpose: "" }));
    return `    ('${placeName(path)}')
      names=(${listed.map(described).join(" ")})
      options=(${named.map(described).join(" ")})
      ${takes === "file" ? "_files" : ":"} ;;`;
  });
  return `#compdef mintmark
# zsh completion for mintmark. For this shell alone, after compinit: source <(mintmark completion zsh)
_mintmark() {
  local place='' word
  local -a names options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      (${stepsOf(places).join("|")}) place="$place $word" ;;
    esac
  done
  case "$place|\${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  case "$place" in
${words.join("\n")}
  esac
  (( $#names )) && _describe -t commands command names
  _describe -o -t options option options
}
if [ "$funcstack[1]" = _mintmark ]; then _mintmark "$@"; else compdef _mintmark mintmark; fi
`;
}

function offering(takes: Takes): string {
  if (takes === "file") return "_files";
  return typeof takes === "string" ? "_message value" : `compadd -- ${takes.join(" ")}`;
}

/** A word and its description for zsh, where a colon ends the word. */
function described({ word, purpose }: Word): string {
  return `'${word}${purpose && `:${purpose.replaceAll("'", "'\\''")}`}'`;
}
