import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import { ServiceRefusedError, ServiceUnavailableError, UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { addSecret } from "./registry/secrets.ts";
import { callRegistry, type Registry } from "./registry/service.ts";
import { readSettings, type SettingsOptions, withSettings } from "./registry/settings.ts";
import { untilAnswered, type WriteOptions, wireOptions, withDryRun } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";
import { each, listed } from "./remote/token-options.ts";

interface CreateOptions extends ConnectionOptions, OutputOptions, SettingsOptions, Omit<WriteOptions, "etag"> {
  readonly tenant: string;
  readonly client: string;
  readonly grantType?: readonly string[];
  readonly scope?: readonly string[];
}

/** `mintmark client create`: calls the RPC CreateClient, and AddClientSecret if the client needs a secret. */
export function clientCreate(io: Io): Command {
  const command = new Command("create")
    .summary("Register a client")
    .description(
      "Register a client while the service runs, and make a secret for it, which is shown once. Settings are those of the " +
        "configuration file, without secrets. A client with requireSecret: false gets no secret.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .option("--grant-type <grant>", "Grant type that it may use (repeatable)", each)
    .option("--scope <scopes>", "Scopes that it may ask for, separated by spaces (repeatable); * for any", listed)
    .action(async (options: CreateOptions) => {
      const { dryRun = false } = options;
      const answer = await create(io, options);
      await print(io, answer, options, (output) => viewOfChange("Created", answer, dryRun, output));
    });
  const settings = withSettings(command, "client", "accessTokenLifetime=15m");
  return withExamples(withConnection(withOutput(withDryRun(settings)), "operator"), [
    [
      "mintmark client create --tenant acme --client billing --grant-type arbitrary_no_subject --scope invoices",
      "Register a client, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET",
    ],
    [
      "mintmark client create --tenant acme --client billing --file billing.yaml --field secret",
      "Register a client with the settings of a file, and print only its secret",
    ],
    [
      "mintmark client create --tenant acme --client web --set allowOfflineAccess=true --set 'scopes=[orders]' --dry-run",
      "Only check the settings",
    ],
  ]);
}

async function create(io: Io, options: CreateOptions) {
  const { tenant, client, dryRun = false, grantType, scope } = options;
  const given = {
    ...(grantType !== undefined && { grants: grantType }),
    ...(scope !== undefined && { scopes: scope.includes("*") ? "*" : scope }),
  };
  const settings = { ...(await readSettings(io, options)), ...given };
  const { changedFromWire, settingsToWire } = await import("./registry/wire.ts");
  return callRegistry(io, options, async (registry, explain) => {
    const request = { tenant, client, settings: settingsToWire(settings), options: wireOptions(options) };
    const created = changedFromWire(await untilAnswered(() => registry.createClient(request)));
    if (dryRun || created.settings.requireSecret === false) return jsonOf(created);
    const { id, secret, ...added } = await firstSecret(registry, options, explain);
    // What nobody can read again stands where it is seen.
    return jsonOf({ id, secret, ...added });
  });
}

/** Makes the secret of a client that was just registered. Throws what says that the client is there without one. */
async function firstSecret(registry: Registry, options: CreateOptions, explain: (error: unknown) => Error) {
  const { tenant, client } = options;
  try {
    return await addSecret(registry, { tenant, client, options: wireOptions() });
  } catch (error) {
    const cause = explain(error);
    const message = `The client was registered, but has no secret yet: use mintmark client secret add. ${cause.message}`;
    if (cause instanceof ServiceUnavailableError) throw new ServiceUnavailableError(message, { cause });
    throw cause instanceof UsageError ? cause : new ServiceRefusedError(message, { cause });
  }
}
