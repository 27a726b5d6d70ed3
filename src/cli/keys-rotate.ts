import { Command, Option } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { asOperator, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, KEY_USES, type PrintedKey, printedTime, ROTATION_MODES, tableOfKeys } from "./remote/keys.ts";

interface RotateOptions extends OperatorOptions, OutputOptions {
  readonly mode: (typeof ROTATION_MODES)[number];
  readonly use: (typeof KEY_USES)[number];
  readonly kid?: string;
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
  readonly yes?: boolean;
}

/** What a rotation has done, or would do, as printed. */
interface PrintedRotation {
  readonly keys: readonly PrintedKey[];
  readonly jwksStaleUntil?: string;
  readonly warnings: readonly string[];
  readonly rotated: boolean;
}

/** `mintmark keys rotate`: calls the RPC Rotate, or does the same at the store. */
export function keysRotate(io: Io): Command {
  const command = new Command("rotate")
    .summary("makes the next key of a tenant")
    .description(
      "Makes the next key of a tenant. A graceful rotation publishes it now and has it sign once every cached JWKS has it; " +
        "an immediate one has it sign as soon as every node has read it; one of a compromised key ends all that the key " +
        "signed, at once and for good.",
    )
    .requiredOption("--tenant <id>", "the tenant")
    .addOption(new Option("--mode <mode>", "how the new key takes over").choices(ROTATION_MODES).default("graceful"))
    .addOption(new Option("--use <use>", "which key rotates").choices(KEY_USES).default("signing"))
    .option("--kid <kid>", "the leaked key, with --mode compromised; the active one unless given")
    .option("--dry-run", "prints the plan and changes nothing")
    .option("--idempotency-key <text>", "makes a repeated command the same rotation")
    .option("--yes", "has a compromised key end all that it signed without a question")
    .action(async (options: RotateOptions) => {
      await confirmCompromised(io, options);
      const rotation = await rotate(io, options);
      await print(io, { ...rotation, keys: rotation.keys.map((key) => ({ ...key })) }, options, (output) =>
        [
          tableOfKeys(rotation.keys, output),
          "",
          rotation.rotated ? "Rotated." : "Nothing was changed.",
          ...rotation.warnings,
        ].join("\n"),
      );
    });
  return withExamples(withOperator(withOutput(command)), [
    ["mintmark keys rotate --tenant acme --dry-run", "What a graceful rotation would do"],
    ["mintmark keys rotate --tenant acme --idempotency-key 2026-11", "Once, however often it is repeated"],
    ["mintmark keys rotate --tenant acme --mode compromised --yes", "After the signing key has leaked"],
    ["mintmark keys rotate --tenant acme --store --config mintmark.yaml", "At the store itself"],
  ]);
}

async function confirmCompromised(
  io: Io,
  { tenant, mode, use, kid, dryRun, yes = false }: RotateOptions,
): Promise<void> {
  if (mode !== "compromised" || dryRun) return;
  const ended =
    use === "signing" ? "every token that it signed" : "every refresh token and reference token made with it";
  const key = kid === undefined ? `The active ${use} key` : `The key ${kid}`;
  await confirm(io, `${key} of the tenant ${tenant} is revoked: ${ended} ends at once and for good.`, yes);
}

function rotate(io: Io, options: RotateOptions): Promise<PrintedRotation> {
  const { tenant, mode, use, kid, dryRun = false, idempotencyKey } = options;
  return asOperator<PrintedRotation>(io, options, {
    async service(client) {
      const { fromWire, timeOf, toWire } = await import("./remote/wire-keys.ts");
      const request = { tenant, ...toWire(mode, use), kid: kid ?? "", dryRun, idempotencyKey: idempotencyKey ?? "" };
      const { keys, jwksStaleUntil, warnings, rotated } = await client.rotate(request);
      return { keys: keys.map(fromWire), ...timeOf("jwksStaleUntil", jwksStaleUntil), warnings, rotated };
    },
    async store(operate) {
      const { keys, jwksStaleUntil, warnings, rotated } = await operate("rotate", {
        mode,
        use,
        kid,
        dryRun,
        idempotencyKey,
      });
      return { keys: keys.map(fromEngine), ...printedTime("jwksStaleUntil", jwksStaleUntil), warnings, rotated };
    },
  });
}
