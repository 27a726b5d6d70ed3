import { Command, InvalidArgumentError } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { jsonOf, viewOfChange } from "./registry/entries.ts";
import { addSecret } from "./registry/secrets.ts";
import { callRegistry } from "./registry/service.ts";
import { type WriteOptions, wireOptions, withWrite } from "./registry/write.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface AddOptions extends ConnectionOptions, OutputOptions, WriteOptions {
  readonly tenant: string;
  readonly client: string;
  readonly notBefore?: number;
  readonly expires?: number;
}

/** `mintmark client secret add`: calls the RPC AddClientSecret. */
export function clientSecretAdd(io: Io): Command {
  const command = new Command("add")
    .summary("Make another secret for a client")
    .description(
      "Make another secret for a client that is in the store, and show it once. Those that the client has stay, up to five, so " +
        "that a rotation overlaps: add one, hand it out, and remove the old one.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .requiredOption("--client <id>", "Client id")
    .option(
      "--not-before <time>",
      "When it begins to be accepted, such as 2027-01-31T08:00:00Z (default: at once)",
      instant,
    )
    .option("--expires <time>", "When it ends (default: once it is removed)", instant)
    .action(async (options: AddOptions) => {
      const { tenant, client, notBefore, expires, dryRun = false } = options;
      const { timestampFromMs } = await import("@bufbuild/protobuf/wkt");
      const request = {
        ...{ tenant, client, options: wireOptions(options) },
        ...(notBefore !== undefined && { notBefore: timestampFromMs(notBefore) }),
        ...(expires !== undefined && { expireTime: timestampFromMs(expires) }),
      };
      const answer = await callRegistry(io, options, (registry) => addSecret(registry, request));
      const { secretId, secret, id: name, secrets = [], effectiveTime } = answer;
      const { id: _, ...times } = secrets.find(({ id }) => id === secretId) ?? { id: secretId };
      const added = jsonOf({
        id: name,
        ...(!dryRun && { secretId, secret }),
        ...times,
        ...(effectiveTime !== undefined && { effectiveTime }),
      });
      await print(io, added, options, (output) => viewOfChange("Added", added, dryRun, output));
    });
  return withExamples(withConnection(withOutput(withWrite(command)), "operator"), [
    ["mintmark client secret add --tenant acme --client billing", "Make another secret, and show it once"],
    [
      "mintmark client secret add --tenant acme --client billing --expires 2027-06-30T00:00:00Z --field secret",
      "Print only a secret that expires",
    ],
  ]);
}

/** A time in RFC 3339, in milliseconds since the Unix epoch. */
function instant(given: string): number {
  const time = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(given)
    ? Date.parse(given)
    : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError("Expected a time such as 2027-01-31T08:00:00Z.");
  return time;
}
