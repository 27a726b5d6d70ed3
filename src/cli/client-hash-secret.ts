import { randomBytes, scryptSync } from "node:crypto";
import { Command, Option } from "commander";
import { doubtOf } from "../registry/plain-secret.ts";
import { sha256Entry } from "../registry/secret.ts";
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
    .summary("Hash a secret for the configuration")
    .description(
      "Hash the secret of a client or an operator for use in the configuration. sha256 is sufficient for a " +
        "generated secret, which cannot be guessed; a secret that a person chose needs scrypt.",
    )
    .argument(
      "[file]",
      "File with the secret, or - for standard input (default: standard input, or a prompt on a terminal)",
    )
    .option("--generate", "Generate a secret, and print it once together with its hash")
    .addOption(
      new Option(
        "--kind <kind>",
        "Hash algorithm; defaults to sha256 with --generate, and to scrypt otherwise",
      ).choices(KINDS),
    )
    .action(async (file: string | undefined, { generate = false, kind, ...options }: HashOptions) => {
      if (generate && file !== undefined) throw new UsageError("--generate cannot be used with a file.");
      const secret = generate ? randomBytes(32).toString("base64url") : await readSecret(io, file);
      const hash = (kind ?? (generate ? "sha256" : "scrypt")) === "sha256" ? sha256Entry(secret) : scrypt(secret);
      await print(io, generate ? { secret, hash } : { hash }, options);
    });
  return withExamples(withOutput(command), [
    ["mintmark client hash-secret --generate", "Generate a client secret and its entry for the configuration"],
    ["mintmark client hash-secret", "Hash a secret that you type at a prompt"],
    ["mintmark client hash-secret - --field hash < secret.txt", "Print only the hash"],
  ]);
}

async function readSecret(io: Io, file: string | undefined): Promise<string> {
  const secret = await readConfidential(io, { what: "secret", file, takesInput: true });
  const doubt = doubtOf(secret);
  if (doubt !== undefined) throw new UsageError(`The secret must ${doubt}.`);
  if (file === undefined && io.stdin.isTTY && (await readConfidential(io, { what: "secret again" })) !== secret) {
    throw new UsageError("The secrets do not match.");
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
