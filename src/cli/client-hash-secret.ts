import { createHash, randomBytes, scryptSync } from "node:crypto";
import { Command, Option } from "commander";
import { doubtOf } from "../registry/plain-secret.ts";
import { formatSha256 } from "../registry/secret.ts";
import { readConfidential } from "./frame/confidential.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";

const KINDS = ["sha256", "scrypt"] as const;

/** The cost of one guess at a scrypt hash: 32 MiB, and about 0.2 seconds. */
const COST = { logN: 15, r: 8, p: 3 } as const;

const DIGEST_BYTES = 32;
const SALT_BYTES = 16;

interface HashOptions extends OutputOptions {
  readonly generate?: boolean;
  readonly kind?: (typeof KINDS)[number];
}

/** `mintmark client hash-secret`: an entry of a client's or an operator's `secrets`. */
export function clientHashSecret(io: Io): Command {
  const command = new Command("hash-secret")
    .summary("makes the hash of a secret, for the configuration")
    .description(
      "Makes the hash of a client's or an operator's secret, as the configuration's secrets take it. A generated secret " +
        "cannot be guessed, so that sha256 is enough, and quick; one that a person chose needs scrypt.",
    )
    .argument(
      "[file]",
      "the file that holds the secret, - for standard input; unless given standard input, or a prompt",
    )
    .option("--generate", "makes a new secret, and prints it beside its hash, once")
    .addOption(new Option("--kind <kind>", "sha256 for a generated secret, scrypt for any other").choices(KINDS))
    .action(async (file: string | undefined, { generate = false, kind, ...options }: HashOptions) => {
      if (generate && file !== undefined) throw new UsageError("Only one of a file and --generate may be given.");
      const secret = generate ? randomBytes(32).toString("base64url") : await readSecret(io, file);
      const hash =
        (kind ?? (generate ? "sha256" : "scrypt")) === "sha256"
          ? formatSha256(createHash("sha256").update(secret).digest())
          : scrypt(secret);
      await print(io, generate ? { secret, hash } : { hash }, options);
    });
  return withExamples(withOutput(command), [
    ["mintmark client hash-secret --generate", "A new secret for a client, and what to write into the configuration"],
    ["mintmark client hash-secret", "The hash of a secret that is typed, and not shown"],
    ["mintmark client hash-secret - --field hash < secret.txt", "The hash alone"],
  ]);
}

async function readSecret(io: Io, file: string | undefined): Promise<string> {
  const secret = await readConfidential(io, { what: "secret", file, takesInput: true });
  const doubt = doubtOf(secret);
  if (doubt !== undefined) throw new UsageError(`Expected the secret to ${doubt}.`);
  if (file === undefined && io.stdin.isTTY && (await readConfidential(io, { what: "secret again" })) !== secret) {
    throw new UsageError("The two secrets differ.");
  }
  return secret;
}

/** Hashes a secret to a PHC string (github.com/P-H-C/phc-string-format), which `registry/secret.ts` parses. */
function scrypt(secret: string): string {
  const { logN, r, p } = COST;
  const salt = randomBytes(SALT_BYTES);
  const digest = scryptSync(secret, salt, DIGEST_BYTES, { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r });
  return `scrypt:$scrypt$ln=${logN},r=${r},p=${p}$${unpadded(salt)}$${unpadded(digest)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
