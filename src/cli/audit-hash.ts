import { Command } from "commander";
import { parseKey } from "../config/key-encryption-key.ts";
import { hashedIdentifier } from "../telemetry/audit/identifiers.ts";
import { readConfidential } from "./frame/confidential.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";

interface HashOptions extends OutputOptions {
  readonly keyFile: string;
}

/** `mintmark audit hash`: what stands for an identifier in an audit with `identifiers: hmac`. */
export function auditHash(io: Io): Command {
  const command = new Command("hash")
    .summary("computes what stands for an identifier in an audit with identifiers: hmac")
    .description(
      "Computes what stands for an identifier in an audit with identifiers: hmac, to search for it: a subject, the id of a " +
        "client, an operator, an access token (jti) or a grant (family), or an address. It needs neither service nor " +
        "configuration.",
    )
    .argument("<identifier>", "the identifier, - for standard input")
    .requiredOption("--key-file <path>", "the file that the configuration names as audit.hmacKeyFile")
    .action(async (identifier: string, { keyFile, ...options }: HashOptions) => {
      const key = parseKey((await readConfidential(io, { what: "key", file: keyFile })).trim());
      if (key === undefined)
        throw new UsageError("--key-file must name a file with 32 bytes in base64url, base64 or hex.");
      const plain = identifier === "-" ? await readConfidential(io, { what: "identifier", file: "-" }) : identifier;
      await print(io, { hash: hashedIdentifier(key)(plain) }, options);
    });
  return withExamples(withOutput(command), [
    ["mintmark audit hash --key-file /etc/mintmark/audit-key alice", "What stands for the subject alice"],
    [
      'grep -F "$(mintmark audit hash --key-file audit-key --field hash alice)" audit.jsonl',
      "All that was done for her",
    ],
  ]);
}
