import { Command } from "commander";
import { clientHashSecret } from "./client-hash-secret.ts";
import { clientRevoke } from "./client-revoke.ts";
import type { Io } from "./frame/io.ts";

/** `mintmark client`: what there is to do with a client. */
export function client(io: Io): Command {
  return new Command("client")
    .description("Makes the hashes of clients' secrets, and ends clients.")
    .addCommand(clientHashSecret(io))
    .addCommand(clientRevoke(io));
}
