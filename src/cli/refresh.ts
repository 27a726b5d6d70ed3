import { Command } from "commander";
import { withExamples } from "./frame/examples.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { type ConnectionOptions, callService, withConnection } from "./remote/connection.ts";
import { each, listed, readToken, type TokenOptions, withTenant, withToken } from "./remote/token-options.ts";

interface RefreshOptions extends TokenOptions, ConnectionOptions, OutputOptions {
  readonly scope?: readonly string[];
  readonly resource?: readonly string[];
}

/** `mintmark refresh`: calls the RPC Refresh. */
export function refresh(io: Io): Command {
  const command = new Command("refresh")
    .summary("Exchange a refresh token for a new access token")
    .description("Exchange a refresh token for a new access token and the refresh token to use next.")
    .option("--scope <scopes>", "Narrower scopes for the access token, separated by spaces (repeatable)", listed)
    .option("--resource <uri>", "Granted resource that the access token is for (repeatable)", each)
    .action(async (file: string | undefined, options: RefreshOptions) => {
      const { tenant, scope = [], resource = [] } = options;
      const refreshToken = await readToken(io, file, "refresh token");
      const [{ TokenService }, { printedTokens }] = await Promise.all([
        import("../../gen/mintmark/v1/token_service_pb.ts"),
        import("./remote/wire-tokens.ts"),
      ]);
      const request = { tenant, refreshToken, scopes: [...scope], resources: [...resource] };
      const tokens = await callService(io, options, "client", TokenService, (service) => service.refresh(request));
      await print(io, printedTokens(tokens), options);
    });
  return withExamples(withConnection(withOutput(withTenant(withToken(command, "refresh token"))), "client"), [
    ["mintmark refresh refresh-token.txt", "Use a refresh token from a file"],
    [
      "mintmark refresh - --scope nitro --field access_token < refresh-token.txt",
      "Request narrower scopes, and print only the access token",
    ],
  ]);
}
