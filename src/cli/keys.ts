import { Command } from "commander";
import type { Io } from "./frame/io.ts";
import { keysList } from "./keys-list.ts";
import { keysRotate } from "./keys-rotate.ts";

/** `mintmark keys`: a tenant's keys, for operators. */
export function keys(io: Io): Command {
  return new Command("keys")
    .description("Lists and rotates a tenant's keys, for operators.")
    .addCommand(keysList(io))
    .addCommand(keysRotate(io));
}
