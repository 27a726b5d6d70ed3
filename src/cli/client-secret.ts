import { Command } from "commander";
import { clientSecretAdd } from "./client-secret-add.ts";
import { clientSecretRemove } from "./client-secret-remove.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark client secret`: the secrets of a client that is in the store. */
export function clientSecret(io: Io): Command {
  const command = new Command("secret")
    .summary("Add and remove secrets of a client")
    .description("Add and remove secrets of a client, so that a new one can be handed out before the old one ends.")
    .addCommand(clientSecretAdd(io))
    .addCommand(clientSecretRemove(io));
  return withExamples(command, [
    ["mintmark client secret add --tenant acme --client billing", "Make another secret, and show it once"],
  ]);
}
