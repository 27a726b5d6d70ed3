import { styleText } from "node:util";
import { Command } from "commander";
import { VERSION } from "../server/version.ts";
import { acceptClock } from "./accept-clock.ts";
import { apply } from "./apply.ts";
import { audit } from "./audit.ts";
import { client } from "./client.ts";
import { completion } from "./completion.ts";
import { config } from "./config.ts";
import { copy } from "./copy.ts";
import { decode } from "./decode.ts";
import { exportEntries } from "./export.ts";
import { withExamples } from "./frame/examples.ts";
import { hasColours, type Io } from "./frame/io.ts";
import { widthOf } from "./frame/table.ts";
import { grant } from "./grant.ts";
import { healthcheck } from "./healthcheck.ts";
import { help } from "./help.ts";
import { importGsts } from "./import-gsts.ts";
import { introspect } from "./introspect.ts";
import { keys } from "./keys.ts";
import { mint } from "./mint.ts";
import { refresh } from "./refresh.ts";
import { reseal } from "./reseal.ts";
import { revoke } from "./revoke.ts";
import { serve } from "./serve.ts";
import { tenant } from "./tenant.ts";

/** All commands, in the order of the help. A new one takes one file and one line here. */
const commands: readonly ((io: Io) => Command)[] = [
  serve,
  mint,
  refresh,
  introspect,
  revoke,
  decode,
  keys,
  client,
  tenant,
  apply,
  exportEntries,
  grant,
  config,
  audit,
  healthcheck,
  reseal,
  copy,
  acceptClock,
  importGsts,
];

const EXIT_CODES = `
Exit codes:
  0  Success
  1  Invalid command line or configuration, or an unexpected error
  2  Refused by the service or the store
  3  The service, the store or the clock is unavailable; try again later`;

/** The whole command line: `mintmark <command> …`. Its actions reach the outside only through `io`. */
export function createProgram(io: Io): Command {
  const program = new Command("mintmark")
    .description("A multi-tenant token mint.")
    .version(VERSION, "-V, --version", "Show the version")
    .helpOption("-h, --help", "Show help")
    .helpCommand(false)
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // Replaced by messages of our own, which quote no secret.
      outputError: () => undefined,
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
      getOutHasColors: () => hasColours(io.stdout),
      getErrHasColors: () => hasColours(io.stderr),
    })
    .configureHelp({
      styleTitle: (text) => styleText("bold", text, { validateStream: false }),
      styleCommandText: (text) => styleText("cyan", text, { validateStream: false }),
      styleOptionText: (text) => styleText("cyan", text, { validateStream: false }),
    });
  withExamples(program, [
    ["mintmark", "Try mintmark out, on this machine only and with public secrets"],
    ["mintmark config init /etc/mintmark", "Write a first production configuration"],
    ["mintmark mint --help", "Show the options of a command, with examples"],
  ]);
  for (const make of commands) program.addCommand(make(io));
  program.addCommand(completion(io, program)).addCommand(help(program));
  inheritSettings(program);
  return program;
}

function inheritSettings(command: Command): void {
  for (const each of command.commands) {
    each.copyInheritedSettings(command).helpOption("-h, --help", "Show help").helpCommand(false);
    inheritSettings(each);
  }
}
