import { z } from "zod";
import { configFile } from "./schema.ts";

/** A list of texts that takes lines of its own in `JSON.stringify`'s layout. */
const LIST_OF_TEXTS = /\[\s+((?:"[^"\\]*",\s+)*"[^"\\]*")\s+\]/g;

/** The JSON Schema of the configuration file, as the text of `mintmark.schema.json`, laid out as the formatter does. */
export function configJsonSchema(): string {
  const schema = { ...z.toJSONSchema(configFile, { io: "input" }), title: "mintmark configuration" };
  const text = JSON.stringify(schema, null, 2);
  return `${text.replace(LIST_OF_TEXTS, (_, items: string) => `[${items.replace(/\s+/g, " ")}]`)}\n`;
}
