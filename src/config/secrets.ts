import type { ReadSecret } from "../registry/secret.ts";
import type { Variables } from "../schema/variables.ts";
import type { ReadFile } from "./files.ts";

/** Reads the secrets that the configuration names, without the end of line with which most programs end a file. */
export function secretReader(variables: Variables, readFile: ReadFile): ReadSecret {
  return ({ kind, name }) => {
    if (kind === "env") return variables[name];
    try {
      return readFile(name).replace(/\r?\n$/, "");
    } catch {
      return undefined;
    }
  };
}
