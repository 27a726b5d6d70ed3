import { Command } from "commander";
import type { CarriedOut } from "./apply/carry-out.ts";
import type { Difference } from "./apply/difference.ts";
import { answerOf, summaryOf, throwIfIncomplete, viewOfDifference } from "./apply/report.ts";
import { readWanted } from "./apply/wanted.ts";
import { withExamples } from "./frame/examples.ts";
import { ServiceRefusedError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { progressOn } from "./frame/progress.ts";
import { confirm } from "./frame/prompt.ts";
import { callRegistry, type Registry } from "./registry/service.ts";
import { type ConnectionOptions, withConnection } from "./remote/connection.ts";

interface ApplyOptions extends ConnectionOptions, OutputOptions {
  readonly file: string;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `mintmark apply`: makes the tenants and clients in the store those of a file. */
export function apply(io: Io): Command {
  const command = new Command("apply")
    .summary("Make tenants and clients what a file says")
    .description(
      "Make the tenants and clients in the store of a running service what a file says, in the words of the configuration " +
        "file. Shows the difference first, on standard error if the answer is JSON or YAML. Entries that are not in the file stay, unless --prune is given. A tenant with " +
        "nothing but clients keeps its settings; a client without enabled stays as enabled as it is; a client without secrets " +
        "keeps its own, and no secret is ever removed. Secrets are hashed before they are sent.",
    )
    .requiredOption("-f, --file <path>", "YAML or JSON file with tenants, or - for standard input")
    .option("--prune", "Also delete the tenants and clients in the store that are not in the file")
    .option("--dry-run", "Show the difference and have the service check it, without changing anything")
    .option("--yes", "Do not ask for confirmation, with --prune")
    .action((options: ApplyOptions) => applyFile(io, options));
  return withExamples(withConnection(withOutput(command), "operator"), [
    ["mintmark apply --file tenants.yaml --dry-run", "Show what would change"],
    [
      "mintmark apply --file tenants.yaml --prune",
      "Change what differs, and delete what the file does not have, after a confirmation",
    ],
    [
      "mintmark export | mintmark apply --file - --address https://other.example.com",
      "Register the same tenants and clients at another service",
    ],
  ]);
}

async function applyFile(io: Io, options: ApplyOptions): Promise<void> {
  const { prune = false, dryRun = false } = options;
  const wanted = await readWanted(io, options.file);
  const [{ readPresent }, { differenceOf }] = await Promise.all([
    import("./apply/present.ts"),
    import("./apply/difference.ts"),
  ]);
  const onUnseen = () =>
    io.stderr.write(
      "Tenants that are not in the file stay: the operator needs the role tenants or read to see them.\n",
    );
  const carriedOut = await callRegistry(io, options, async (registry, explain) => {
    const difference = differenceOf(wanted, await readPresent(registry, wanted, { isPruning: prune, onUnseen }), prune);
    assertWritable(difference);
    const shownOn = isTable(io, options) ? io.stdout : io.stderr;
    shownOn.write(`${viewOfDifference(difference)}\n`);
    await confirmDeletions(io, difference, options);
    const done = await carryOutAll(io, difference, { registry, explain, isDryRun: dryRun });
    await print(io, answerOf(difference, done, dryRun), options, () => summaryOf(done, dryRun));
    return done;
  });
  throwIfIncomplete(carriedOut, dryRun);
}

function assertWritable({ readOnly }: Difference): void {
  if (readOnly.length === 0) return;
  throw new ServiceRefusedError(
    `These are in the service's own configuration file, say something else there, and are changed there:\n${readOnly.join("\n")}`,
  );
}

function isTable({ stdout }: Io, { format, field }: OutputOptions): boolean {
  return format === undefined ? field === undefined && stdout.isTTY === true : format === "table";
}

async function confirmDeletions(
  io: Io,
  { steps }: Difference,
  { dryRun = false, yes = false }: ApplyOptions,
): Promise<void> {
  const deleted = steps.filter(({ action }) => action === "delete").map(({ place }) => place);
  const places =
    deleted.length > 5 ? `${deleted.slice(0, 5).join(", ")} and ${deleted.length - 5} more` : deleted.join(", ");
  await confirm(io, `This permanently deletes ${places}.`, yes || dryRun || deleted.length === 0);
}

async function carryOutAll(
  io: Io,
  { steps }: Difference,
  means: { readonly registry: Registry; readonly explain: (error: unknown) => Error; readonly isDryRun: boolean },
): Promise<CarriedOut> {
  const { carryOut } = await import("./apply/carry-out.ts");
  const progress = progressOn(io);
  const onProgress = (done: number) => progress.show(`${done} of ${steps.length} done`);
  try {
    return await carryOut(steps, { ...means, onProgress });
  } finally {
    progress.end();
  }
}
