import { Command } from "commander";
import { auditHash } from "./audit-hash.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark audit`: the commands for the audit. */
export function audit(io: Io): Command {
  const command = new Command("audit")
    .summary("Hash identifiers to search the audit for them")
    .description("Hash identifiers to search the audit for them.")
    .addCommand(auditHash(io));
  return withExamples(command, [
    ["mintmark audit hash --key-file /etc/mintmark/audit-key alice", "Print the hash of the subject alice"],
  ]);
}
