import { Command, Option } from "commander";
import type { JsonObject } from "../base/json.ts";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { formatClaims } from "./frame/table.ts";
import { type ConnectionOptions, callService, withConnection } from "./remote/connection.ts";
import { readToken, type TokenOptions, withTenant, withToken } from "./remote/token-options.ts";

interface IntrospectOptions extends TokenOptions, ConnectionOptions, OutputOptions {
  readonly tokenTypeHint?: string;
}

/** `mintmark introspect`: calls the RPC Introspect. */
export function introspect(io: Io): Command {
  const command = new Command("introspect")
    .summary("tells whether a token is alive, and what it says")
    .description(
      "Tells whether a token is alive, and what it says. That it is not alive is an answer, too: the exit code is 0.",
    )
    .addOption(new Option("--token-type-hint <type>", "where to look first").choices(["access_token", "refresh_token"]))
    .action(async (file: string | undefined, options: IntrospectOptions) => {
      const { tenant, tokenTypeHint = "" } = options;
      const token = await readToken(io, file, "token");
      const { TokenService } = await import("../../gen/mintmark/v1/token_service_pb.ts");
      const answer = await callService(io, options, "client", TokenService, (service) =>
        service.introspect({ tenant, token, tokenTypeHint }),
      );
      const claims: JsonObject = answer.active ? { ...answer.claims } : { active: false };
      await print(io, claims, options, (output) => formatClaims(claims, output));
    });
  return withExamples(withConnection(withOutput(withTenant(withToken(command, "token"))), "client"), [
    ["mintmark introspect token.txt", "A token in a file"],
    [
      "mintmark mint --grant-type arbitrary_no_subject --arbitrary-claims '{}' --field access_token | mintmark introspect -",
      "What was just minted",
    ],
    ["mintmark introspect token.txt --field active", "true or false"],
  ]);
}
