import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { sha256Entry } from "../registry/secret.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { formatPairs } from "./frame/table.ts";
import { firstConfig } from "./local/first-config.ts";

interface InitOptions extends OutputOptions {
  readonly publicUrl?: string;
  readonly data?: string;
  readonly tenant: string;
  readonly client: string;
}

/** What was written, and the secret, which is stored nowhere. */
interface Made {
  readonly config: string;
  readonly keyEncryptionKeyFile: string;
  readonly tenant: string;
  readonly client: string;
  readonly secret: string;
  readonly warnings: readonly string[];
}

/** `mintmark config init`: writes everything that a first production start needs. */
export function configInit(io: Io): Command {
  const command = new Command("init")
    .summary("Write a first production configuration")
    .description(
      "Write a first production configuration (mintmark.yaml) with one client, and a new key-encryption key that only the " +
        "owner of the file can read. The client's generated secret is shown once. Existing files are never overwritten.",
    )
    .argument("[folder]", "Folder to write to, created if it does not exist (default: the working directory)")
    .option("--public-url <url>", "URL at which clients reach the service, such as https://tokens.example.com")
    .option("--data <folder>", "Folder for the store, which the service creates (default: data in the same folder)")
    .option("--tenant <id>", "Id of the first tenant; the tenant default is served at the root", "default")
    .option("--client <id>", "Id of the tenant's first client", "first-client")
    .action(async (folder: string | undefined, options: InitOptions) => {
      const at = resolve(io.cwd, folder ?? ".");
      const data = options.data === undefined ? join(at, "data") : resolve(io.cwd, options.data);
      const made = await makeFiles(at, data, options);
      await print(io, { ...made }, options, (output) => formatPairs(told(made), output) + next(made));
    });
  return withExamples(withOutput(command), [
    [
      "mintmark config init /etc/mintmark --data /var/lib/mintmark --public-url https://tokens.example.com",
      "Write a configuration for a service behind a proxy, such as that of the systemd unit",
    ],
    [
      "mintmark config init --field secret > first-client.secret",
      "Write to the working directory, and save the secret in a file",
    ],
  ]);
}

async function makeFiles(folder: string, data: string, { publicUrl, tenant, client }: InitOptions): Promise<Made> {
  const [config, keyFile] = [join(folder, "mintmark.yaml"), join(folder, "key-encryption-key")];
  for (const path of [config, keyFile]) {
    if (existsSync(path)) throw new UsageError(`${path} already exists: nothing was written.`);
  }
  const [secret, key] = [newSecret(), newSecret()];
  const hash = sha256Entry(secret);
  const text = firstConfig({ config, data, keyFile, publicUrl, tenant, client, hash });
  const warnings = await checkFirst(config, text, key);
  write(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(keyFile, `${key}\n`, { mode: 0o600, flag: "wx" });
    writeFileSync(config, text, { flag: "wx" });
  }, folder);
  return { config, keyEncryptionKeyFile: keyFile, tenant, client, secret, warnings };
}

/** Makes a secret of 32 random bytes, in characters that no URL, form or shell changes. */
function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Checks the configuration before it is written. Throws ConfigError if a start would refuse it, as for an invalid id.
 */
async function checkFirst(path: string, text: string, key: string): Promise<readonly string[]> {
  const [{ loadConfig }, { grants }] = await Promise.all([import("../config/load.ts"), import("../grants/index.ts")]);
  const readFile = (name: string) => (name === path ? text : key);
  return loadConfig({ path, env: {}, cwd: "/", readFile, grantTypes: grants.map(({ grantType }) => grantType) })
    .warnings;
}

function write(work: () => void, folder: string): void {
  try {
    work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`Cannot write to ${folder} (${code}).`);
  }
}

function told({ warnings, ...rest }: Made): readonly (readonly [string, string])[] {
  return [...Object.entries(rest), ...warnings.map((warning) => ["warning", warning] as const)];
}

function next({ config, tenant, client }: Made): string {
  const at = tenant === "default" ? "" : ` --tenant ${tenant}`;
  return `

The secret is shown only once: the configuration contains its hash. Back up the key-encryption key separately from the
store: anyone who has both has the signing keys, and without the key they are lost.

Next steps:

  mintmark serve --config ${config}
  MINTMARK_CLIENT_ID=${client} mintmark mint --grant-type arbitrary_resource_owner --subject alice --arbitrary-claims '{}'${at}`;
}
