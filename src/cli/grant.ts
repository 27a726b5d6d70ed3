import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { grantList } from "./grant-list.ts";
import { grantRevoke } from "./grant-revoke.ts";

/** `mintmark grant`: what was granted and can be refreshed, for operators. */
export function grant(io: Io): Command {
  const command = new Command("grant")
    .summary("List and revoke grants")
    .description("List and revoke grants: what was granted once and can be refreshed.")
    .addCommand(grantList(io))
    .addCommand(grantRevoke(io));
  return withExamples(command, [
    ["mintmark grant list --tenant acme --subject user-1", "List the grants of a subject"],
  ]);
}
