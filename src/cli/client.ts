import { Command } from "commander";
import { clientHashSecret } from "./client-hash-secret.ts";
import { clientRevoke } from "./client-revoke.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark client`: the commands for clients. */
export function client(io: Io): Command {
  const command = new Command("client")
    .summary("Hash client secrets and revoke what clients have minted")
    .description("Hash client secrets and revoke what clients have minted.")
    .addCommand(clientHashSecret(io))
    .addCommand(clientRevoke(io));
  return withExamples(command, [
    ["mintmark client hash-secret --generate", "Generate a client secret and its entry for the configuration"],
    ["mintmark client revoke --tenant acme --client web", "Revoke a client whose leaked secret was replaced"],
  ]);
}
