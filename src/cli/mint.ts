import { Command, Option } from "commander";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { readConfidential, readText } from "./frame/confidential.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { type ConnectionOptions, callService, seconds, withConnection } from "./remote/connection.ts";
import { each, listed, type TokenOptions, withTenant } from "./remote/token-options.ts";

const TYPES = ["jwt", "reference"] as const;

interface MintOptions extends TokenOptions, ConnectionOptions, OutputOptions {
  readonly grantType: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly scope?: readonly string[];
  readonly arbitraryClaims?: string;
  readonly arbitraryJson?: string;
  readonly customPayload?: string;
  readonly arbitraryAmr?: readonly string[];
  readonly arbitraryAudience?: readonly string[];
  readonly accessTokenLifetime?: number;
  readonly idTokenLifetime?: number;
  readonly accessTokenType?: (typeof TYPES)[number];
  readonly accessTokenFile?: string;
  readonly authority?: string;
  readonly idTokenFile?: string;
}

/** `mintmark mint`: calls the RPC Mint. */
export function mint(io: Io): Command {
  const command = new Command("mint")
    .summary("mints tokens")
    .description(
      "Mints an access token and, if the grant and the scopes ask for them, a refresh token and an id_token. The options " +
        "have the names of the token endpoint's parameters. JSON is given as it is, as @FILE, or as - for standard input.",
    )
    .requiredOption("--grant-type <grant>", "the grant, such as arbitrary_token")
    .option("--subject <subject>", "the subject of the token")
    .option("--issuer <url>", "the issuer to name in the token")
    .option(
      "--scope <scopes>",
      "scopes, between blanks or by several options; offline_access asks for a refresh token",
      listed,
    )
    .option("--arbitrary-claims <json>", "claims, as a JSON object")
    .option("--arbitrary-json <json>", "members for the top level of the token, as a JSON object")
    .option("--custom-payload <json>", "any JSON, for the claim custom_payload")
    .option("--arbitrary-amr <method>", "an authentication method to list in amr; may be repeated", each)
    .option("--arbitrary-audience <audience>", "an audience to list in aud; may be repeated", each)
    .option("--access-token-lifetime <duration>", "how long the access token lives, such as 15m", seconds)
    .option("--id-token-lifetime <duration>", "how long the id_token lives", seconds)
    .addOption(new Option("--access-token-type <type>", "the kind of access token").choices(TYPES))
    .option("--access-token-file <path>", "a file with an access token whose subject is taken, - for standard input")
    .option("--authority <name>", "the authority that issued the id_token, such as wellknown://google")
    .option("--id-token-file <path>", "a file with that id_token, - for standard input")
    .action(async (options: MintOptions) => print(io, await tokensFor(io, options), options));
  return withExamples(withConnection(withOutput(withTenant(command)), "client"), [
    [
      `mintmark mint --grant-type arbitrary_resource_owner --subject alice --arbitrary-claims '{"role":["admin"]}'`,
      "As the client of MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET",
    ],
    [
      "mintmark mint --grant-type arbitrary_no_subject --arbitrary-claims @claims.json --field access_token",
      "The access token alone, for a script",
    ],
    [
      "mintmark mint --grant-type arbitrary_identity --subject alice --scope 'nitro offline_access' --tenant acme",
      "With a refresh token and an id_token, at another tenant",
    ],
  ]);
}

async function tokensFor(io: Io, options: MintOptions): Promise<JsonObject> {
  const given = {
    arbitraryClaims: await objectOf(io, options.arbitraryClaims, "--arbitrary-claims"),
    arbitraryJson: await objectOf(io, options.arbitraryJson, "--arbitrary-json"),
    customPayload: await jsonOf(io, options.customPayload, "--custom-payload"),
    accessToken: await tokenIn(io, options.accessTokenFile, "access token"),
    idToken: await tokenIn(io, options.idTokenFile, "id_token"),
  };
  const [{ AccessTokenType, TokenService }, { toMintRequest, printedTokens }] = await Promise.all([
    import("../../gen/mintmark/v1/token_service_pb.ts"),
    import("./remote/wire-tokens.ts"),
  ]);
  const { accessTokenType: type } = options;
  const accessTokenType = AccessTokenType[(type?.toUpperCase() as Uppercase<(typeof TYPES)[number]>) ?? "UNSPECIFIED"];
  const request = toMintRequest({ ...options, ...given, accessTokenType });
  return callService(io, options, "client", TokenService, async (service) =>
    printedTokens(await service.mint(request)),
  );
}

async function jsonOf(io: Io, given: string | undefined, option: string): Promise<JsonValue | undefined> {
  if (given === undefined) return undefined;
  const [{ parseJson }, { InvalidValue }] = await Promise.all([
    import("../engine/exact-json.ts"),
    import("../engine/request.ts"),
  ]);
  const value = parseJson(await readText(io, given, option));
  if (value instanceof InvalidValue) throw new UsageError(`${option}: ${value.reason ?? "it is not valid JSON."}`);
  return value;
}

async function objectOf(io: Io, given: string | undefined, option: string): Promise<JsonObject | undefined> {
  const value = await jsonOf(io, given, option);
  if (value === undefined || isJsonObject(value)) return value;
  throw new UsageError(`${option} must be a JSON object.`);
}

function tokenIn(io: Io, file: string | undefined, what: string): Promise<string> | undefined {
  return file === undefined ? undefined : readConfidential(io, { what, file });
}
