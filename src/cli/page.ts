import { Writable } from "node:stream";
import type { Command } from "commander";
import { createProgram } from "./program.ts";

/** How wide the page's blocks are, in characters. */
const WIDTH = 100;

const INTRODUCTION = `<!-- Generated from the commands' own help: npm run gen. -->

# The command line

\`mintmark <command> [options]\`. Without a command, mintmark runs \`serve\`. In a checkout, use \`npm start -- <command> [options]\`.

- **Commands that call a running service** (\`mint\`, \`refresh\`, \`introspect\`, \`revoke\`, \`keys\`, \`tenant\`, \`client\`,
  \`apply\`, \`export\`, \`grant\`) need no configuration file. They call the RPCs over Connect and HTTP/1.1 on the service's HTTP
  port. This works with and without TLS, on the operator address, and through any proxy. \`--address\` or \`MINTMARK_ADDRESS\` specifies the URL of the service, and
  \`--ca\` a CA that the system does not trust. \`healthcheck\` works in the same way, without credentials.
- **Commands that work on the store** (\`keys\`, \`grant\` and \`client revoke\` with \`--store\`, \`reseal\`, \`copy\`, \`accept-clock\`) read the same
  configuration as the service: \`--config\` and the same variables. \`decode\`, \`client hash-secret\`, \`audit hash\`, \`config\`,
  \`import-gsts\` and \`completion\` need neither a service nor a store.
- **Credentials** of a client come from \`MINTMARK_CLIENT_ID\` and \`MINTMARK_CLIENT_SECRET\`, or from a file that
  \`MINTMARK_CLIENT_SECRET_FILE\` names. Commands for operators use \`MINTMARK_OPERATOR_ID\`, \`MINTMARK_OPERATOR_SECRET\` and
  \`MINTMARK_OPERATOR_SECRET_FILE\`. For a client without a secret, set the secret to an empty string. If no secret is set, mintmark
  prompts for it on a terminal.
- **Secrets and tokens are never arguments**, because every user of a machine can see its command lines. They come from a
  variable, a file, standard input (\`-\`), or a prompt that does not show them.
- **Output** is a table on a terminal and JSON otherwise. \`--format table|json|yaml\` selects a format, and \`--field NAME\` prints a
  single field as plain text. Standard output contains nothing else: logs, questions and progress go to standard error. \`NO_COLOR\`
  turns colors off.
- **Shell completion**: \`mintmark completion bash\`, \`zsh\` or \`fish\` prints a script. For bash, add
  \`source <(mintmark completion bash)\` to \`~/.bashrc\`.
- **Exit codes**: 0 for success; 1 for an invalid command line or configuration, or an unexpected error; 2 if the service or the
  store refused; 3 if the service, the store or the clock is unavailable, so the command may succeed later.
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
