import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { keysList } from "./keys-list.ts";
import { keysRotate } from "./keys-rotate.ts";

/** `mintmark keys`: a tenant's keys, for operators. */
export function keys(io: Io): Command {
  const command = new Command("keys")
    .summary("List and rotate the keys of a tenant")
    .description("List and rotate the keys of a tenant, as an operator.")
    .addCommand(keysList(io))
    .addCommand(keysRotate(io));
  return withExamples(command, [
    [
      "mintmark keys list --tenant acme",
      "List keys, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET",
    ],
    ["mintmark keys rotate --tenant acme --dry-run", "Show what a rotation would change"],
  ]);
}
