import { didYouMean } from "../base/nearest.ts";
import type { Problems } from "../schema/problems.ts";
import { isReservedClaim } from "../token/reserved-claims.ts";
import { OFFLINE_ACCESS, OPENID } from "../token/scope.ts";
import { buildKeys, checkWorkload } from "./build-keys.ts";
import { checkId, resolveSecrets } from "./build-secrets.ts";
import { certificateNameOf } from "./schema-certificate.ts";
import type { ClientFile } from "./schema-client.ts";
import type { ReadSecret } from "./secret.ts";
import { CLIENT_CREDENTIALS, type Client, type Limits, TOKEN_EXCHANGE } from "./tenant.ts";

/** What a client's registration is checked against. */
export interface ClientContext {
  readonly namespaceClaim: string;
  readonly limits: Limits;
  /** The names of the tenant's resources. */
  readonly resources: readonly string[];
  /** The names of the tenant's issuers of workloads. */
  readonly workloadIssuers: readonly string[];
  readonly grantTypes: readonly string[];
  readonly readSecret: ReadSecret;
  /** Whether a client that needs a secret may have none yet: until it gets one, nobody can be it. */
  readonly secretsMayFollow?: boolean;
}

/** The default of slidingRefreshTokenLifetime, in seconds. */
const DEFAULT_SLIDING = 15 * 86_400;

const NO_SET: ReadonlySet<never> = new Set<never>();
const NO_MAP: ReadonlyMap<string, never> = new Map<string, never>();

/** Builds a client from its registration. Notes every rule that it breaks. */
export function buildClient(id: string, file: ClientFile, context: ClientContext, problems: Problems): Client {
  const credentials = {
    maxLength: context.limits.credentialLength,
    maxLengthPath: "limits.credentialLength",
    readSecret: context.readSecret,
  };
  checkId(id, credentials, problems);
  checkGrants(file, context, problems);
  checkScopes(file, problems);
  checkDefaultScopes(file, problems);
  checkSecretRules(file, context, problems);
  checkPublicMint(file, problems);
  checkConfidential(file, problems);
  checkTokenExchange(file, problems);
  checkLifetimes(file, problems);
  checkTokenSize(file, context, problems);
  checkClaims(file, context, problems);
  checkIntrospection(file, context, problems);
  checkWorkload(file, context.workloadIssuers, problems.at("workload"));
  const { allowPublicMint, jwks, jwksUri, jwksAllowPrivateNetwork, ...registered } = file;
  const reach = { allowPrivateNetwork: jwksAllowPrivateNetwork, setting: "jwksAllowPrivateNetwork" };
  return {
    ...registered,
    id,
    namespace: file.namespace,
    secrets: resolveSecrets(file.secrets, credentials, problems.at("secrets")),
    keys: buildKeys(file, reach, problems),
    tlsClientAuth: certificateNameOf(file.tlsClientAuth),
    grants: setOf(file.grants),
    scopes: file.scopes === "*" ? "*" : setOf(file.scopes),
    slidingRefreshTokenLifetime: slidingLifetime(file),
    requireRefreshSecret: refreshSecretRequired(file),
    allowedIssuers: setOf(file.allowedIssuers),
    allowedAudiences: file.allowedAudiences,
    allowedSubjects: file.allowedSubjects,
    allowedClaims: setOf(file.allowedClaims),
    maxTokenBytes: file.maxTokenBytes,
    claims: mapOf(file.claims),
  };
}

/** Most clients leave most lists out, and each set takes some hundred bytes. */
function setOf<T>(list: readonly T[]): ReadonlySet<T> {
  return list.length === 0 ? NO_SET : new Set(list);
}

function mapOf<T>(members: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  const entries = Object.entries(members);
  return entries.length === 0 ? NO_MAP : new Map(entries);
}

function refreshSecretRequired(file: ClientFile): boolean {
  return file.requireRefreshSecret ?? file.requireSecret;
}

function slidingLifetime(file: ClientFile): number {
  return file.slidingRefreshTokenLifetime ?? Math.min(DEFAULT_SLIDING, file.absoluteRefreshTokenLifetime);
}

function checkGrants(file: ClientFile, { grantTypes }: ClientContext, problems: Problems): void {
  for (const [index, grant] of file.grants.entries()) checkGrant(grant, grantTypes, problems.at("grants", index));
  for (const grant of Object.keys(file.claims)) {
    if (grant !== "*") checkGrant(grant, grantTypes, problems.at("claims", grant));
  }
}

function checkGrant(grant: string, grantTypes: readonly string[], problems: Problems): void {
  if (grantTypes.includes(grant)) return;
  const hint = didYouMean(grant, grantTypes) || `; expected one of ${grantTypes.join(", ")}`;
  problems.add(`unknown grant type ${JSON.stringify(grant)}${hint}`);
}

function checkScopes({ scopes }: ClientFile, problems: Problems): void {
  if (scopes === "*") return;
  for (const [index, scope] of scopes.entries()) {
    const problem = problems.at("scopes", index);
    if (scope === OFFLINE_ACCESS) problem.add(`${OFFLINE_ACCESS} is granted by allowOfflineAccess: true`);
    // In a list it would be a scope of that name, and give none of what was meant.
    if (scope === "*") problem.add('expected the name of a scope; for any scope: scopes: "*"');
  }
}

function checkDefaultScopes({ scopes, defaultScopes }: ClientFile, problems: Problems): void {
  for (const [index, scope] of defaultScopes.entries()) {
    const problem = problems.at("defaultScopes", index);
    if (scope === "*") problem.add("expected the name of a scope");
    else if (scope === OFFLINE_ACCESS || scope === OPENID) problem.add(`${CLIENT_CREDENTIALS} never grants ${scope}`);
    else if (scopes !== "*" && !scopes.includes(scope)) problem.add(`expected one of scopes, got ${scope}`);
  }
}

function checkSecretRules(file: ClientFile, { secretsMayFollow = false }: ClientContext, problems: Problems): void {
  const { secrets, jwks, jwksUri, workload, tlsClientAuth, tlsCertificates } = file;
  const others = [jwks, jwksUri, tlsClientAuth].filter((other) => other !== undefined);
  const hasProof = secrets.length + others.length + workload.length + tlsCertificates.length > 0;
  if (file.requireSecret && !hasProof && !secretsMayFollow) {
    problems
      .at("secrets")
      .add(
        "expected at least one, as requireSecret is true and there is neither jwks, jwksUri, workload, tlsClientAuth nor tlsCertificates",
      );
  }
  if (!file.requireSecret && file.requireRefreshSecret) {
    problems.at("requireRefreshSecret").add("expected false, as requireSecret is false");
  }
  // RFC 9700 section 2.2.2: the refresh tokens of public clients are sender-constrained or rotated.
  if (file.refreshTokenUsage === "reuse" && !(file.requireSecret && refreshSecretRequired(file))) {
    problems.at("refreshTokenUsage").add("expected rotate, as a refresh needs no secret (RFC 9700 section 2.2.2)");
  }
}

function checkPublicMint({ requireSecret, grants, allowPublicMint }: ClientFile, problems: Problems): void {
  if (requireSecret || grants.length === 0 || allowPublicMint) return;
  problems
    .at("allowPublicMint")
    .add(
      "expected true, as requireSecret is false: anyone who knows the client's id may mint whatever its grants allow",
    );
}

/** The grants that only confidential clients may use, and why. */
const CONFIDENTIAL: readonly (readonly [grant: string, why: string])[] = [
  [CLIENT_CREDENTIALS, "RFC 6749 section 4.4"],
  [TOKEN_EXCHANGE, "RFC 8693 section 5"],
];

function checkConfidential({ requireSecret, grants }: ClientFile, problems: Problems): void {
  for (const [grant, why] of CONFIDENTIAL) {
    if (!requireSecret && grants.includes(grant))
      problems.at("requireSecret").add(`expected true, as grants has ${grant} (${why})`);
  }
}

function checkTokenExchange({ grants, tokenExchange }: ClientFile, problems: Problems): void {
  if (!grants.includes(TOKEN_EXCHANGE) || tokenExchange !== undefined) return;
  problems.at("tokenExchange").add(`expected what the client may exchange, as grants has ${TOKEN_EXCHANGE}`);
}

function checkLifetimes(file: ClientFile, problems: Problems): void {
  if (slidingLifetime(file) > file.absoluteRefreshTokenLifetime) {
    problems.at("slidingRefreshTokenLifetime").add("expected no more than absoluteRefreshTokenLifetime");
  }
}

function checkTokenSize(file: ClientFile, { limits }: ClientContext, problems: Problems): void {
  if (file.maxTokenBytes !== undefined && file.maxTokenBytes > limits.tokenMaxBytes) {
    problems.at("maxTokenBytes").add(`expected at most ${limits.tokenMaxBytes}, the tenant's limits.tokenMaxBytes`);
  }
}

function checkClaims(file: ClientFile, { namespaceClaim }: ClientContext, problems: Problems): void {
  const allowed = new Set<string>(file.allowedClaims);
  for (const [grant, claims] of Object.entries(file.claims)) {
    for (const name of Object.keys(claims)) {
      if (isReservedClaim(name, namespaceClaim, allowed))
        problems.at("claims", grant, name).add("only the mint sets this claim");
    }
  }
}

function checkIntrospection({ introspection }: ClientFile, { resources }: ClientContext, problems: Problems): void {
  if (typeof introspection === "string") return;
  for (const [index, name] of introspection.entries()) {
    if (resources.includes(name)) continue;
    const hint = didYouMean(name, resources);
    problems.at("introspection", index).add(`${JSON.stringify(name)} is not a resource of the tenant${hint}`);
  }
}
