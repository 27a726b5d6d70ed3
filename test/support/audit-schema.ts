import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

/** The JSON Schema that the docs have. */
export const auditSchema = JSON.parse(readFileSync(new URL("../../docs/audit.schema.json", import.meta.url), "utf8"));

const validate = new Ajv2020({ strict: true, strictRequired: false, allErrors: true }).compile(auditSchema);

/** What is wrong with a line by the docs' schema; undefined: nothing. */
export function faultsOfLine(line: string): readonly string[] | undefined {
  const isValid = validate(JSON.parse(line));
  return isValid
    ? undefined
    : validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}: ${line}`);
}
