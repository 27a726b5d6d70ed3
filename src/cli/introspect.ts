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
    .summary("Show whether a token is active, and its claims")
    .description(
      "Show whether a token is active, and its claims if it is. The exit code is 0 even if the token is inactive.",
    )
    .addOption(
      new Option("--token-type-hint <type>", "Type of token to look for first").choices([
        "access_token",
        "refresh_token",
      ]),
    )
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
    ["mintmark introspect token.txt", "Introspect a token from a file"],
    [
      "mintmark mint --grant-type arbitrary_no_subject --arbitrary-claims '{}' --field access_token | mintmark introspect -",
      "Introspect a token that was just minted",
    ],
    ["mintmark introspect token.txt --field active", "Print only true or false"],
  ]);
}
