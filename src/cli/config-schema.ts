import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark config schema`: prints the JSON Schema of this version's configuration file. */
export function configSchema(io: Io): Command {
  const command = new Command("schema")
    .summary("Print the JSON Schema of the configuration file")
    .description("Print the JSON Schema of the configuration file, which editors use for completion and validation.")
    .action(async () => {
      const { configJsonSchema } = await import("../config/json-schema.ts");
      io.stdout.write(configJsonSchema());
    });
  return withExamples(command, [
    [
      "mintmark config schema > mintmark.schema.json",
      "Save the schema; for an editor, begin the file with # yaml-language-server: $schema=./mintmark.schema.json",
    ],
  ]);
}
