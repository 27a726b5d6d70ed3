import type { JsonObject } from "../../base/json.ts";
import { lifetimesOf } from "./lifetimes.ts";
import { secretsOf } from "./secrets.ts";
import type { Settings } from "./settings.ts";

const OFFLINE_ACCESS = "offline_access";

/** Settings for claims that all tokens have here anyway. */
const ALWAYS = ["IncludeJwtId", "IncludeClientId", "IncludeAmr"];

/** Converts a client's registration. Leaves out what equals the default. */
export function clientOf(client: Settings, grantTypes: readonly string[]): JsonObject {
  for (const name of ["ClientId", "ClientName", ...ALWAYS]) client.take(name);
  const namespace = client.takeText("Namespace") ?? client.takeText("watermark");
  const scopes = client.takeTexts("AllowedScopes");
  const allowOfflineAccess = (client.takeFlag("AllowOfflineAccess") ?? false) || scopes.includes(OFFLINE_ACCESS);
  const accessTokenType = choiceOf(client, "AccessTokenType", ["jwt", "reference"]);
  const allowedIssuers = client.takeTexts("AllowedArbitraryIssuers");
  const registration = {
    ...(namespace !== undefined && { namespace }),
    secrets: secretsOf(client),
    ...secretRulesOf(client),
    ...(client.takeFlag("Enabled") === false && { enabled: false }),
    grants: grantsOf(client, grantTypes),
    scopes: scopes.filter((scope) => scope !== OFFLINE_ACCESS),
    ...(allowOfflineAccess && { allowOfflineAccess }),
    ...(accessTokenType === "reference" && { accessTokenType }),
    ...lifetimesOf(client),
    ...graceOf(client),
    ...(allowedIssuers.length > 0 && { allowedIssuers }),
  };
  client.noteRest();
  return registration;
}

/**
 * Whether a mint and a refresh need the secret, and whether a refresh token stays the same, which requires the secret.
 */
function secretRulesOf(client: Settings): JsonObject {
  const requireSecret = client.takeFlag("RequireClientSecret") ?? true;
  const requireRefreshSecret = (client.takeFlag("RequireRefreshClientSecret") ?? true) && requireSecret;
  const isReuse = choiceOf(client, "RefreshTokenUsage", ["reuse", "onetimeonly"]) === "reuse";
  if (isReuse && !requireRefreshSecret)
    client.note("RefreshTokenUsage", "changed to rotate, because a refresh needs no secret");
  if (!requireSecret)
    client.note(
      "RequireClientSecret",
      "false, so anyone who knows the client's id can mint; this requires allowPublicMint",
    );
  return {
    ...(!requireSecret && { requireSecret }),
    ...(requireSecret && !requireRefreshSecret && { requireRefreshSecret }),
    ...(isReuse && requireRefreshSecret && { refreshTokenUsage: "reuse" }),
  };
}

function grantsOf(client: Settings, grantTypes: readonly string[]): readonly string[] {
  const grants = client.takeTexts("AllowedGrantTypes");
  const unknown = grants.filter((grant) => !grantTypes.includes(grant));
  if (unknown.length > 0) client.note("AllowedGrantTypes", `no counterpart: ${unknown.join(", ")}`);
  return grants.filter((grant) => grantTypes.includes(grant));
}

function graceOf(client: Settings): JsonObject {
  const isEnabled = client.takeFlag("RefreshTokenGraceEnabled");
  const seconds = client.takeNumber("RefreshTokenGraceTTL");
  if (isEnabled === undefined) return {};
  return { refreshGrace: isEnabled ? Math.max(0, seconds ?? 0) : 0 };
}

/** Reads a C# enumeration, by name or number. */
function choiceOf(client: Settings, name: string, choices: readonly string[]): string | undefined {
  const value = client.take(name);
  if (value === undefined) return undefined;
  const word = String(value).toLowerCase();
  const found = choices[Number(value)] ?? choices.find((choice) => choice === word);
  if (found === undefined)
    client.note(name, `expected ${choices.map((choice, index) => `${index} or ${choice}`).join(", ")}`);
  return found;
}
