import { Command } from "commander";
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
    .summary("Hash an identifier to search the audit for it")
    .description(
      "Compute the keyed hash of an identifier as it appears in an audit with identifiers: hmac, to search for it. " +
        "Identifiers are subjects, addresses, and the ids of clients, operators, access tokens (jti) and grants (family). " +
        "No service or configuration is needed.",
    )
    .argument("<identifier>", "Identifier, or - for standard input")
    .requiredOption("--key-file <path>", "File with the key, the same as audit.hmacKeyFile in the configuration")
    .action(async (identifier: string, { keyFile, ...options }: HashOptions) => {
      const [{ parseKey }, { hashedIdentifier }] = await Promise.all([
        import("../config/key-encryption-key.ts"),
        import("../telemetry/audit/identifiers.ts"),
      ]);
      const key = parseKey((await readConfidential(io, { what: "key", file: keyFile })).trim());
      if (key === undefined)
        throw new UsageError("--key-file must be a file that contains 32 bytes in base64url, base64 or hex.");
      const plain = identifier === "-" ? await readConfidential(io, { what: "identifier", file: "-" }) : identifier;
      await print(io, { hash: hashedIdentifier(key)(plain) }, options);
    });
  return withExamples(withOutput(command), [
    ["mintmark audit hash --key-file /etc/mintmark/audit-key alice", "Print the hash of the subject alice"],
    [
      'grep -F "$(mintmark audit hash --key-file audit-key --field hash alice)" audit.jsonl',
      "Find all audit records that mention alice",
    ],
  ]);
}
