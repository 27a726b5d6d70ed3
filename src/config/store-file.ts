import { readShape } from "../schema/explain.ts";
import type { Problems } from "../schema/problems.ts";
import { storeUrl } from "./fields.ts";
import { type ReadFile, readText } from "./files.ts";
import type { Environment } from "./schema.ts";

const VARIABLE = "MINTMARK_STORE";
const FILE_VARIABLE = "MINTMARK_STORE_FILE";

/**
 * The store's URL in the environment, or in the file that it names: a URL with a password is a secret, and secrets are
 * often mounted as files. Undefined if there is none, or a problem was noted.
 */
export function readStoreUrl(environment: Environment, readFile: ReadFile, problems: Problems): string | undefined {
  const { [VARIABLE]: direct, [FILE_VARIABLE]: file } = environment;
  if (file === undefined) return direct;
  if (direct !== undefined) {
    problems.at(VARIABLE).add(`cannot be used with ${FILE_VARIABLE}`);
    return undefined;
  }
  const here = problems.at(FILE_VARIABLE);
  const text = readText(readFile, file, here);
  return text === undefined ? undefined : readShape(storeUrl, text.trim(), here);
}
