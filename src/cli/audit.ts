import { Command } from "commander";
import { auditHash } from "./audit-hash.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark audit`: the commands for the audit. */
export function audit(io: Io): Command {
  const command = new Command("audit")
    .summary("computes what stands for an identifier in the audit")
    .description("Computes what stands for an identifier in the audit.")
    .addCommand(auditHash(io));
  return withExamples(command, [
    ["mintmark audit hash --key-file /etc/mintmark/audit-key alice", "What stands for the subject alice"],
  ]);
}
