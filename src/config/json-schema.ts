import * as z from "zod";
import { configFile } from "./schema.ts";

/** The JSON Schema of the configuration file, as the text of `mintmark.schema.json`. */
export function configJsonSchema(): string {
  const schema = { ...z.toJSONSchema(configFile, { io: "input" }), title: "mintmark configuration" };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
