import { didYouMean } from "../base/nearest.ts";
import type { Faults } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import { isReservedClaim } from "../token/reserved-claims.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { checkId, resolveSecrets } from "./build-secrets.ts";
import type { ClientFile } from "./schema-client.ts";
import type { Client, Limits } from "./tenant.ts";

/** What a client's registration is checked against. */
interface ClientContext {
  readonly markClaim: string;
  readonly limits: Limits;
  /** The names of the tenant's resources. */
  readonly resources: readonly string[];
  readonly grantTypes: readonly string[];
  readonly variables: Variables;
}

/** How long a refresh token waits to be used unless configured, in seconds. */
const DEFAULT_SLIDING = 15 * 86_400;

/** Makes a client of its registration. Notes every rule that it breaks. */
export function buildClient(id: string, file: ClientFile, context: ClientContext, faults: Faults): Client {
  const credentials = {
    maxLength: context.limits.credentialLength,
    maxLengthPath: "limits.credentialLength",
    variables: context.variables,
  };
  checkId(id, credentials, faults);
  checkGrants(file, context, faults);
  checkScopes(file, faults);
  checkSecretRules(file, faults);
  checkPublicMint(file, faults);
  checkLifetimes(file, faults);
  checkTokenSize(file, context, faults);
  checkClaims(file, context, faults);
  checkIntrospection(file, context, faults);
  const { allowPublicMint, ...registered } = file;
  return {
    ...registered,
    id,
    namespace: file.namespace,
    secrets: resolveSecrets(file.secrets, credentials, faults.at("secrets")),
    grants: new Set(file.grants),
    scopes: file.scopes === "*" ? "*" : new Set(file.scopes),
    slidingRefreshTokenLifetime: slidingLifetime(file),
    requireRefreshSecret: refreshSecretRequired(file),
    allowedIssuers: new Set(file.allowedIssuers),
    allowedAudiences: file.allowedAudiences,
    allowedSubjects: file.allowedSubjects,
    allowedClaims: new Set(file.allowedClaims),
    maxTokenBytes: file.maxTokenBytes,
    claims: new Map(Object.entries(file.claims)),
  };
}

function refreshSecretRequired(file: ClientFile): boolean {
  return file.requireRefreshSecret ?? file.requireSecret;
}

function slidingLifetime(file: ClientFile): number {
  return file.slidingRefreshTokenLifetime ?? Math.min(DEFAULT_SLIDING, file.absoluteRefreshTokenLifetime);
}

function checkGrants(file: ClientFile, { grantTypes }: ClientContext, faults: Faults): void {
  for (const [index, grant] of file.grants.entries()) checkGrant(grant, grantTypes, faults.at("grants", index));
  for (const grant of Object.keys(file.claims)) {
    if (grant !== "*") checkGrant(grant, grantTypes, faults.at("claims", grant));
  }
}

function checkGrant(grant: string, grantTypes: readonly string[], faults: Faults): void {
  if (grantTypes.includes(grant)) return;
  const hint = didYouMean(grant, grantTypes) || `; expected one of ${grantTypes.join(", ")}`;
  faults.add(`unknown grant type ${JSON.stringify(grant)}${hint}`);
}

function checkScopes({ scopes }: ClientFile, faults: Faults): void {
  if (scopes !== "*" && scopes.includes(OFFLINE_ACCESS)) {
    faults.at("scopes", scopes.indexOf(OFFLINE_ACCESS)).add(`${OFFLINE_ACCESS} is granted by allowOfflineAccess: true`);
  }
}

function checkSecretRules(file: ClientFile, faults: Faults): void {
  if (file.requireSecret && file.secrets.length === 0) {
    faults.at("secrets").add("expected at least one, as requireSecret is true");
  }
  if (!file.requireSecret && file.requireRefreshSecret) {
    faults.at("requireRefreshSecret").add("expected false, as requireSecret is false");
  }
  // RFC 9700 section 2.2.2: the refresh tokens of public clients are sender-constrained or rotated.
  if (file.refreshTokenUsage === "reuse" && !(file.requireSecret && refreshSecretRequired(file))) {
    faults.at("refreshTokenUsage").add("expected rotate, as a refresh needs no secret (RFC 9700 section 2.2.2)");
  }
}

function checkPublicMint({ requireSecret, grants, allowPublicMint }: ClientFile, faults: Faults): void {
  if (requireSecret || grants.length === 0 || allowPublicMint) return;
  faults
    .at("allowPublicMint")
    .add("expected true, as requireSecret is false: whoever knows the client's id may mint whatever its grants give");
}

function checkLifetimes(file: ClientFile, faults: Faults): void {
  if (slidingLifetime(file) > file.absoluteRefreshTokenLifetime) {
    faults.at("slidingRefreshTokenLifetime").add("expected no more than absoluteRefreshTokenLifetime");
  }
}

function checkTokenSize(file: ClientFile, { limits }: ClientContext, faults: Faults): void {
  if (file.maxTokenBytes !== undefined && file.maxTokenBytes > limits.tokenMaxBytes) {
    faults.at("maxTokenBytes").add(`expected at most ${limits.tokenMaxBytes}, the tenant's limits.tokenMaxBytes`);
  }
}

function checkClaims(file: ClientFile, { markClaim }: ClientContext, faults: Faults): void {
  const allowed = new Set<string>(file.allowedClaims);
  for (const [grant, claims] of Object.entries(file.claims)) {
    for (const name of Object.keys(claims)) {
      if (isReservedClaim(name, markClaim, allowed))
        faults.at("claims", grant, name).add("only the mint sets this claim");
    }
  }
}

function checkIntrospection({ introspection }: ClientFile, { resources }: ClientContext, faults: Faults): void {
  if (typeof introspection === "string") return;
  for (const [index, name] of introspection.entries()) {
    if (resources.includes(name)) continue;
    const hint = didYouMean(name, resources);
    faults.at("introspection", index).add(`${JSON.stringify(name)} is no resource of the tenant${hint}`);
  }
}
