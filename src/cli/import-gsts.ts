import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import type { JsonValue } from "../base/json.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { convert } from "./gsts/convert.ts";
import { AmbiguousSettingsError, parseSettings } from "./gsts/parse.ts";

/** `mintmark import-gsts`: the clients of a Generic-Security-Token-Service, or of IdentityServer4, as a configuration. */
export function importGsts(io: Io): Command {
  const command = new Command("import-gsts")
    .summary("Convert IdentityServer4 clients to a configuration")
    .description(
      "Convert the clients and API resources in the settings (appsettings.json) of Generic-Security-Token-Service or " +
        "IdentityServer4 to a configuration, and print it as YAML. What has no counterpart, and what means something else " +
        "here, is listed on standard error, one line each. Plain-text secrets are replaced with hashes; expired secrets and " +
        "disabled API resources are left out. Two clients or API resources with one name in a file are an error.",
    )
    .argument("<files...>", "Settings files; clients and API resources may be in the same file or in separate ones")
    .option("--tenant <id>", "Id of the tenant to create", "default")
    .action(async (files: readonly string[], { tenant }: { readonly tenant: string }) => {
      const [{ stringify }, { grants }] = await Promise.all([import("yaml"), import("../grants/index.ts")]);
      const grantTypes = grants.map(({ grantType }) => grantType);
      const settings = files.map((file) => readSettings(io, file));
      const converted = unlessAmbiguous(() => convert(settings, grantTypes, Date.now()));
      if (converted === undefined) throw new UsageError("No clients found: expected a section named clients.");
      for (const note of converted.notes) io.stderr.write(`${note}\n`);
      io.stdout.write(stringify({ tenants: { [tenant]: converted.tenant } }, { lineWidth: 120 }));
    });
  return withExamples(command, [
    [
      "mintmark import-gsts appsettings.Clients.json appsettings.ApiResources.json > mintmark.yaml",
      "Convert the settings; then run mintmark config check --config mintmark.yaml",
    ],
  ]);
}

function readSettings({ cwd }: Io, file: string): JsonValue {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`Cannot read ${file} (${code}).`);
  }
  try {
    return unlessAmbiguous(() => parseSettings(text), `${file}: `);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // The parser's words repeat the text, which has secrets in it.
    throw new UsageError(`${file} is not valid JSON.`);
  }
}

/** Turns an AmbiguousSettingsError into a UsageError. */
function unlessAmbiguous<T>(work: () => T, prefix = ""): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AmbiguousSettingsError) throw new UsageError(`${prefix}${error.message}.`);
    throw error;
  }
}
