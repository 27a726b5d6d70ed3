import { Command } from "commander";
import { clientHashSecret } from "./client-hash-secret.ts";
import { clientRevoke } from "./client-revoke.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark client`: the commands for clients. */
export function client(io: Io): Command {
  const command = new Command("client")
    .summary("makes the hashes of clients' secrets, and ends clients")
    .description("Makes the hashes of clients' secrets, and ends clients.")
    .addCommand(clientHashSecret(io))
    .addCommand(clientRevoke(io));
  return withExamples(command, [
    ["mintmark client hash-secret --generate", "A new secret for a client, and what to write into the configuration"],
    ["mintmark client revoke --tenant acme --client web", "After its secret has leaked, and was replaced"],
  ]);
}
