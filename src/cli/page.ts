import { Writable } from "node:stream";
import type { Command } from "commander";
import { createProgram } from "./program.ts";

/** How wide the page's blocks are, in characters. */
const WIDTH = 100;

const INTRODUCTION = `<!-- Made of the commands' own help: npm run gen. -->

# The command line

\`mintmark <command> [options]\`; without a command it serves. In a checkout \`npm start -- <command> [options]\` is the same.

- **What calls a running service** (\`mint\`, \`refresh\`, \`introspect\`, \`revoke\`, \`keys\`, \`client revoke\`) needs no configuration
  file. It calls the RPCs over Connect on the service's HTTP port, by HTTP/1.1: that is there with TLS and without, on the
  operators' own address too, and every proxy passes it on. \`--address\` or \`MINTMARK_ADDRESS\` says where; \`--ca\` names the
  authority of a certificate that the system does not know. \`healthcheck\` is the same without credentials.
- **What works at the store** (\`keys\` and \`client revoke\` with \`--store\`, \`reseal\`, \`copy\`, \`accept-clock\`) is told what a
  server is told: \`--config\`, and the same variables. \`decode\`, \`client hash-secret\`, \`audit hash\`, \`config\`, \`import-gsts\` and
  \`completion\` need neither service nor store.
- **Who calls** is told by \`MINTMARK_CLIENT_ID\` and \`MINTMARK_CLIENT_SECRET\`, or a file with the secret in
  \`MINTMARK_CLIENT_SECRET_FILE\`; for operators' commands by \`MINTMARK_OPERATOR_ID\`, \`MINTMARK_OPERATOR_SECRET\` and
  \`MINTMARK_OPERATOR_SECRET_FILE\`. A client without a secret has an empty one. On a terminal a secret is asked for if nothing
  gives it.
- **Secrets and tokens are never arguments**, for every user of a machine sees those: they come from a variable, a file,
  standard input (\`-\`), or a prompt that does not show them.
- **Answers** are tables on a terminal and JSON otherwise; \`--format table|json|yaml\` decides, and \`--field NAME\` prints one
  member as it is. They alone go to standard output; logs, questions and progress go to standard error. \`NO_COLOR\` turns
  colours off.
- **Completion**: \`mintmark completion bash\`, \`zsh\` or \`fish\` prints a script; in \`~/.bashrc\` it is
  \`source <(mintmark completion bash)\`.
- **Exit codes**: 0 done; 1 the command line or the configuration makes no sense, or something unforeseen went wrong; 2 refused
  by the service or the store; 3 the service, the store or the clock is not available, and the same may work later.
`;

/** The page about the command line, in Markdown. */
export function cliPage(): string {
  const nowhere = new Writable();
  const io = { env: {}, cwd: "/", stdin: process.stdin, stdout: nowhere, stderr: nowhere };
  const sections = leavesOf(createProgram(io)).map(([name, command]) => {
    return `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  });
  return [INTRODUCTION, ...sections].join("\n");
}

/** Every command that does something, by its whole name. */
function leavesOf(command: Command, prefix = ""): readonly (readonly [name: string, command: Command])[] {
  return command.commands.flatMap((each) => {
    const name = `${prefix}${each.name()}`;
    return each.commands.length === 0 ? [[name, each] as const] : leavesOf(each, `${name} `);
  });
}

/** All of a command's help, as a terminal of that width shows it. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (written) => {
      text += written;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trim();
}
