import type { Instant } from "../../base/clock.ts";
import type { JsonObject } from "../../base/json.ts";
import { lifetimesOf } from "./lifetimes.ts";
import { secretsOf } from "./secrets.ts";
import type { Settings } from "./settings.ts";

/** The scope for a refresh token. */
export const OFFLINE_ACCESS = "offline_access";

/** The grant by which a client gets tokens for itself. */
const CLIENT_CREDENTIALS = "client_credentials";

/** Scopes of users, which tokens for a client itself do not have. */
const OF_USERS = new Set(["openid", "profile", "email", "address", "phone"]);

/** Settings for claims that all tokens have here anyway. */
const ALWAYS = ["IncludeJwtId", "IncludeClientId", "IncludeAmr"];

/** What a client is converted with. */
interface Surroundings {
  /** The existing grant types. */
  readonly grantTypes: readonly string[];
  /** Scopes that nobody may request. */
  readonly disabledScopes: ReadonlySet<string>;
  /** Secrets that have expired by now are left out. */
  readonly now: Instant;
}

/** Converts a client's registration. Leaves out what equals the default. */
export function clientOf(client: Settings, { grantTypes, disabledScopes, now }: Surroundings): JsonObject {
  for (const name of ["ClientId", "ClientName"]) client.take(name);
  for (const name of ALWAYS) {
    if (client.takeFlag(name) === false) client.note(name, "false, but here every token has this claim");
  }
  if (client.takeFlag("AllowGlobalSubjectRevocation") === false) {
    client.note("AllowGlobalSubjectRevocation", "no counterpart: here, the client may revoke all that a subject has");
  }
  const namespace = client.takeText("Namespace") ?? client.takeText("watermark");
  const allScopes = client.takeTexts("AllowedScopes");
  const allowOfflineAccess = allowsOfflineAccess(client, allScopes);
  const scopes = withoutDisabled(client, allScopes, disabledScopes);
  const secretRules = secretRulesOf(client);
  const grants = grantsOf(client, grantTypes, secretRules);
  const accessTokenType = client.takeChoice("AccessTokenType", ["jwt", "reference"]);
  const allowedIssuers = client.takeTexts("AllowedArbitraryIssuers");
  const registration = {
    ...(namespace !== undefined && { namespace }),
    secrets: secretsOf(client, now),
    ...secretRules,
    ...(client.takeFlag("Enabled") === false && { enabled: false }),
    grants,
    scopes,
    ...defaultScopesOf(client, grants, scopes),
    ...(allowOfflineAccess && { allowOfflineAccess }),
    ...(accessTokenType === "reference" && { accessTokenType }),
    ...lifetimesOf(client, allowOfflineAccess),
    ...graceOf(client),
    ...(allowedIssuers.length > 0 && { allowedIssuers }),
  };
  client.noteRest();
  return registration;
}

function allowsOfflineAccess(client: Settings, scopes: readonly string[]): boolean {
  if (client.takeFlag("AllowOfflineAccess")) return true;
  if (!scopes.includes(OFFLINE_ACCESS)) return false;
  client.note(
    "AllowedScopes",
    "has offline_access, so the client may have refresh tokens; IdentityServer4 also requires AllowOfflineAccess",
  );
  return true;
}

function withoutDisabled(client: Settings, scopes: readonly string[], disabled: ReadonlySet<string>) {
  const lost = scopes.filter((scope) => disabled.has(scope));
  if (lost.length > 0) client.note("AllowedScopes", `left out, because they are disabled: ${lost.join(", ")}`);
  return scopes.filter((scope) => scope !== OFFLINE_ACCESS && !disabled.has(scope));
}

/**
 * Whether a mint and a refresh need the secret, and whether a refresh token stays the same, which requires the secret.
 */
function secretRulesOf(client: Settings): JsonObject {
  const requireSecret = client.takeFlag("RequireClientSecret") ?? true;
  const askedRefreshSecret = client.takeFlag("RequireRefreshClientSecret");
  if (askedRefreshSecret && !requireSecret)
    client.note("RequireRefreshClientSecret", "changed to false, because RequireClientSecret is false");
  const requireRefreshSecret = (askedRefreshSecret ?? true) && requireSecret;
  const isReuse = client.takeChoice("RefreshTokenUsage", ["reuse", "onetimeonly"]) === "reuse";
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

function grantsOf(client: Settings, grantTypes: readonly string[], { requireSecret }: JsonObject): readonly string[] {
  const named = client.takeTexts("AllowedGrantTypes");
  const isRefused = requireSecret === false && named.includes(CLIENT_CREDENTIALS);
  if (isRefused) client.note("AllowedGrantTypes", `left out: ${CLIENT_CREDENTIALS}, because it requires a secret`);
  const grants = isRefused ? named.filter((grant) => grant !== CLIENT_CREDENTIALS) : named;
  const unknown = grants.filter((grant) => !grantTypes.includes(grant));
  if (unknown.length > 0) client.note("AllowedGrantTypes", `no counterpart: ${unknown.join(", ")}`);
  return grants.filter((grant) => grantTypes.includes(grant));
}

/** In IdentityServer4, a client that asks for no scope gets all that its API resources have. */
function defaultScopesOf(client: Settings, grants: readonly string[], scopes: readonly string[]): JsonObject {
  if (!grants.includes(CLIENT_CREDENTIALS)) return {};
  client.note("AllowedGrantTypes", `tokens of ${CLIENT_CREDENTIALS} get the claim sub here: the client's id`);
  const defaultScopes = scopes.filter((scope) => !OF_USERS.has(scope));
  return defaultScopes.length === 0 ? {} : { defaultScopes };
}

function graceOf(client: Settings): JsonObject {
  const isEnabled = client.takeFlag("RefreshTokenGraceEnabled");
  const seconds = client.takeNumber("RefreshTokenGraceTTL");
  if (isEnabled === undefined) {
    if (seconds !== undefined)
      client.note("RefreshTokenGraceTTL", "skipped, because RefreshTokenGraceEnabled is not set");
    return {};
  }
  if (isEnabled && (seconds === undefined || seconds <= 0))
    client.note("RefreshTokenGraceEnabled", "changed to no grace: expected a RefreshTokenGraceTTL of at least 1");
  return { refreshGrace: isEnabled ? Math.max(0, seconds ?? 0) : 0 };
}
