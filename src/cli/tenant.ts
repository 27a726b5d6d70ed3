import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { tenantCreate } from "./tenant-create.ts";
import { tenantDelete } from "./tenant-delete.ts";
import { tenantGet } from "./tenant-get.ts";
import { tenantList } from "./tenant-list.ts";
import { tenantUpdate } from "./tenant-update.ts";

/** `mintmark tenant`: the commands for tenants. */
export function tenant(io: Io): Command {
  const command = new Command("tenant")
    .summary("Register, change and delete tenants")
    .description("Register, change and delete tenants while the service runs.")
    .addCommand(tenantCreate(io))
    .addCommand(tenantGet(io))
    .addCommand(tenantList(io))
    .addCommand(tenantUpdate(io))
    .addCommand(tenantDelete(io));
  return withExamples(command, [
    [
      "mintmark tenant create --tenant acme",
      "Register a tenant, with the credentials in MINTMARK_OPERATOR_ID and MINTMARK_OPERATOR_SECRET",
    ],
    ["mintmark tenant list", "List tenants"],
  ]);
}
