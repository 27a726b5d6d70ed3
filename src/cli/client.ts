import { Command } from "commander";
import { clientCreate } from "./client-create.ts";
import { clientDelete } from "./client-delete.ts";
import { clientDisable } from "./client-disable.ts";
import { clientEnable } from "./client-enable.ts";
import { clientGet } from "./client-get.ts";
import { clientHashSecret } from "./client-hash-secret.ts";
import { clientList } from "./client-list.ts";
import { clientRevoke } from "./client-revoke.ts";
import { clientSecret } from "./client-secret.ts";
import { clientUpdate } from "./client-update.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark client`: the commands for clients. */
export function client(io: Io): Command {
  const command = new Command("client")
    .summary("Register, change and end clients")
    .description(
      "Register clients while the service runs, change and end them, and hash secrets for the configuration.",
    )
    .addCommand(clientCreate(io))
    .addCommand(clientGet(io))
    .addCommand(clientList(io))
    .addCommand(clientUpdate(io))
    .addCommand(clientDelete(io))
    .addCommand(clientDisable(io))
    .addCommand(clientEnable(io))
    .addCommand(clientSecret(io))
    .addCommand(clientRevoke(io))
    .addCommand(clientHashSecret(io));
  return withExamples(command, [
    [
      "mintmark client create --tenant acme --client billing --grant-type arbitrary_no_subject",
      "Register a client, and show its secret once",
    ],
    ["mintmark client disable --tenant acme --client billing --wait", "Disable a client on all nodes"],
    ["mintmark client revoke --tenant acme --client web", "Revoke a client whose leaked secret was replaced"],
  ]);
}
