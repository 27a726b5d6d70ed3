import { Command, Option } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { confirm } from "./frame/prompt.ts";
import { asOperator, keyRpcs, type OperatorOptions, withOperator } from "./local/operator.ts";
import { fromEngine, KEY_USES, type PrintedKey, ROTATION_MODES, tableOfKeys } from "./remote/keys.ts";
import { printedTime } from "./remote/times.ts";

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
    .summary("Rotate a key of a tenant")
    .description(
      "Create the next key of a tenant. In graceful mode, the key is published now and starts to sign once every cached " +
        "JWKS contains it. In immediate mode, it starts to sign as soon as every node has read it. In compromised mode, " +
        "everything that the leaked key signed is revoked, immediately and permanently.",
    )
    .requiredOption("--tenant <id>", "Tenant id")
    .addOption(new Option("--mode <mode>", "Rotation mode").choices(ROTATION_MODES).default("graceful"))
    .addOption(new Option("--use <use>", "Key to rotate").choices(KEY_USES).default("signing"))
    .option("--kid <kid>", "Id of the leaked key, with --mode compromised (default: the active key)")
    .option("--dry-run", "Show what would change, without changing anything")
    .option("--idempotency-key <text>", "Rotate only once, even if the command is repeated with the same text")
    .option("--yes", "Do not ask for confirmation, with --mode compromised")
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
    ["mintmark keys rotate --tenant acme --dry-run", "Show what a graceful rotation would change"],
    ["mintmark keys rotate --tenant acme --idempotency-key 2026-11", "Rotate once, even if the command is repeated"],
    [
      "mintmark keys rotate --tenant acme --mode compromised --yes",
      "Replace a leaked signing key and revoke what it signed",
    ],
    ["mintmark keys rotate --tenant acme --store --config mintmark.yaml", "Rotate directly in the store"],
  ]);
}

async function confirmCompromised(
  io: Io,
  { tenant, mode, use, kid, dryRun, yes = false }: RotateOptions,
): Promise<void> {
  if (mode !== "compromised" || dryRun) return;
  const revoked =
    use === "signing" ? "every token that it signed" : "every refresh token and reference token made with it";
  const key = kid === undefined ? `active ${use} key` : `key ${kid}`;
  await confirm(
    io,
    `This immediately and permanently revokes the ${key} of the tenant ${tenant}, and ${revoked}.`,
    yes,
  );
}

function rotate(io: Io, options: RotateOptions): Promise<PrintedRotation> {
  const { tenant, mode, use, kid, dryRun = false, idempotencyKey } = options;
  return asOperator(io, options, {
    rpcs: keyRpcs,
    async service(client): Promise<PrintedRotation> {
      const [{ fromWire, toWire }, { timeOf }] = await Promise.all([
        import("./remote/wire-keys.ts"),
        import("./remote/wire-words.ts"),
      ]);
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
