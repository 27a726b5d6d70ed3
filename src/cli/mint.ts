import { Command, Option } from "commander";
import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { TOKEN_TYPES } from "../token/token-types.ts";
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
  readonly resource?: readonly string[];
  readonly arbitraryClaims?: string;
  readonly arbitraryJson?: string;
  readonly customPayload?: string;
  readonly confirmation?: string;
  readonly arbitraryAmr?: readonly string[];
  readonly arbitraryAudience?: readonly string[];
  readonly accessTokenLifetime?: number;
  readonly idTokenLifetime?: number;
  readonly accessTokenType?: (typeof TYPES)[number];
  readonly accessTokenFile?: string;
  readonly authority?: string;
  readonly idTokenFile?: string;
  readonly subjectTokenFile?: string;
  readonly subjectTokenType?: string;
  readonly actorTokenFile?: string;
  readonly actorTokenType?: string;
  readonly requestedTokenType?: string;
  readonly audience?: readonly string[];
  readonly requestContext?: string;
  readonly requestDetails?: string;
}

const TYPE_NAMES = Object.keys(TOKEN_TYPES).join(", ");

/** The URI of a type that is given by its last part; any other text as it is, for the service to judge. */
function tokenType(given: string): string {
  const uris: Readonly<Record<string, string>> = TOKEN_TYPES;
  return Object.hasOwn(uris, given) ? (uris[given] ?? given) : given;
}

/** `mintmark mint`: calls the RPC Mint. */
export function mint(io: Io): Command {
  const command = new Command("mint")
    .summary("Mint tokens")
    .description(
      "Mint an access token and, depending on the grant and the scopes, a refresh token and an id_token. The options are " +
        "named after the parameters of the token endpoint. Pass JSON as text, as @FILE, or as - for standard input.",
    )
    .requiredOption("--grant-type <grant>", "Grant type, such as arbitrary_token")
    .option("--subject <subject>", "Subject of the token")
    .option("--issuer <url>", "Issuer of the token")
    .option(
      "--scope <scopes>",
      "Scopes, separated by spaces (repeatable); include offline_access for a refresh token",
      listed,
    )
    .option("--resource <uri>", "Resource that the access token is for (repeatable)", each)
    .option("--arbitrary-claims <json>", "Claims, as a JSON object")
    .option("--arbitrary-json <json>", "Top-level members of the token, as a JSON object")
    .option("--custom-payload <json>", "Value of the custom_payload claim, as JSON")
    .option("--confirmation <json>", "Key that the access token is bound to, as a JSON object such as cnf has it")
    .option("--arbitrary-amr <method>", "Authentication method to add to amr (repeatable)", each)
    .option("--arbitrary-audience <audience>", "Audience to add to aud (repeatable)", each)
    .option("--access-token-lifetime <duration>", "Lifetime of the access token, such as 15m", seconds)
    .option("--id-token-lifetime <duration>", "Lifetime of the id_token, such as 5m", seconds)
    .addOption(new Option("--access-token-type <type>", "Type of the access token").choices(TYPES))
    .option("--access-token-file <path>", "File with an access token to take the subject from, or - for standard input")
    .option("--authority <name>", "Authority that issued the id_token, such as wellknown://google")
    .option("--id-token-file <path>", "File with the id_token of the authority, or - for standard input")
    .option("--subject-token-file <path>", "File with the token to exchange, or - for standard input")
    .option("--subject-token-type <type>", `Its type: ${TYPE_NAMES}, or a URI`, tokenType)
    .option("--actor-token-file <path>", "File with a token of whoever acts, or - for standard input")
    .option("--actor-token-type <type>", "Its type", tokenType)
    .option("--requested-token-type <type>", "Type of the token to get for it", tokenType)
    .option("--audience <audience>", "Where that token is to be used (repeatable)", each)
    .option("--request-context <json>", "Where the request of a transaction token came from, as a JSON object")
    .option("--request-details <json>", "What its transaction is about, as a JSON object")
    .action(async (options: MintOptions) => print(io, await tokensFor(io, options), options));
  return withExamples(withConnection(withOutput(withTenant(command)), "client"), [
    [
      `mintmark mint --grant-type arbitrary_resource_owner --subject alice --arbitrary-claims '{"role":["admin"]}'`,
      "Mint with the credentials in MINTMARK_CLIENT_ID and MINTMARK_CLIENT_SECRET",
    ],
    [
      "mintmark mint --grant-type arbitrary_no_subject --arbitrary-claims @claims.json --field access_token",
      "Print only the access token, for a script",
    ],
    [
      "mintmark mint --grant-type arbitrary_identity --subject alice --scope 'nitro offline_access' --tenant acme",
      "Mint a refresh token and an id_token as well, for the tenant acme",
    ],
    [
      "mintmark mint --grant-type urn:ietf:params:oauth:grant-type:token-exchange --subject-token-file token --subject-token-type access_token --audience billing",
      "Exchange a token for one that is good for billing alone",
    ],
  ]);
}

async function tokensFor(io: Io, options: MintOptions): Promise<JsonObject> {
  const given = {
    arbitraryClaims: await objectOf(io, options.arbitraryClaims, "--arbitrary-claims"),
    arbitraryJson: await objectOf(io, options.arbitraryJson, "--arbitrary-json"),
    confirmation: await objectOf(io, options.confirmation, "--confirmation"),
    customPayload: await jsonOf(io, options.customPayload, "--custom-payload"),
    accessToken: await tokenIn(io, options.accessTokenFile, "access token"),
    idToken: await tokenIn(io, options.idTokenFile, "id_token"),
    subjectToken: await tokenIn(io, options.subjectTokenFile, "subject token"),
    actorToken: await tokenIn(io, options.actorTokenFile, "actor token"),
    requestContext: await objectOf(io, options.requestContext, "--request-context"),
    requestDetails: await objectOf(io, options.requestDetails, "--request-details"),
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
