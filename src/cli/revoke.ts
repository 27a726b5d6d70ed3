import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type ConnectionOptions, callService, withConnection } from "./remote/connection.ts";
import { readToken, type TokenOptions, withTenant, withToken } from "./remote/token-options.ts";

interface RevokeOptions extends TokenOptions, ConnectionOptions {
  readonly subject?: string;
  readonly revokeAllSubjects?: boolean;
}

/** `mintmark revoke`: calls the RPC Revoke. */
export function revoke(io: Io): Command {
  const command = new Command("revoke")
    .summary("ends a token, a grant, or all that a subject has")
    .description(
      "Ends a token, its grant, or all that a subject has. An unknown token is no error (RFC 7009 section 2.2).",
    )
    .option("--subject <subject>", "ends all that the subject has for this client, in place of a token")
    .option("--revoke-all-subjects", "ends everything of the subject for every client of the caller's namespace")
    .action(async (file: string | undefined, options: RevokeOptions) => {
      const { tenant, subject, revokeAllSubjects = false } = options;
      if (subject !== undefined && file !== undefined)
        throw new UsageError("Only one of a token and --subject may be given.");
      const named =
        subject === undefined
          ? { token: await readToken(io, file, "token") }
          : { token: subject, tokenTypeHint: "subject" };
      const { TokenService } = await import("../../gen/mintmark/v1/token_service_pb.ts");
      await callService(io, options, "client", TokenService, (service) =>
        service.revoke({ tenant, ...named, revokeAllSubjects }),
      );
      // Scripts use the exit code; people expect a message.
      if (io.stdout.isTTY) io.stdout.write("Revoked.\n");
    });
  return withExamples(withConnection(withTenant(withToken(command, "token")), "client"), [
    ["mintmark revoke refresh-token.txt", "A grant, with all its tokens"],
    ["mintmark revoke --subject alice", "All that alice has for this client"],
  ]);
}
