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
    .summary("Revoke a token, a grant, or all tokens of a subject")
    .description(
      "Revoke a token and the grant that it belongs to, or all tokens and grants of a subject. Revoking an unknown token " +
        "succeeds (RFC 7009 section 2.2).",
    )
    .option(
      "--subject <subject>",
      "Revoke all tokens and grants of this subject for the calling client, instead of a token",
    )
    .option(
      "--revoke-all-subjects",
      "Revoke the subject's tokens and grants for every client in the caller's namespace",
    )
    .action(async (file: string | undefined, options: RevokeOptions) => {
      const { tenant, subject, revokeAllSubjects = false } = options;
      if (subject !== undefined && file !== undefined) throw new UsageError("--subject cannot be used with a token.");
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
    ["mintmark revoke refresh-token.txt", "Revoke a grant and all its tokens"],
    ["mintmark revoke --subject alice", "Revoke all tokens and grants of the subject alice for this client"],
  ]);
}
