import type { Problems } from "../schema/problems.ts";
import { isReservedClaim } from "../token/reserved-claims.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { checkAuthorities } from "./authorities.ts";
import { buildClient } from "./build-client.ts";
import type { OperatorsByTenant } from "./build-operators.ts";
import { checkIssuers, issuerOf } from "./issuers.ts";
import { checkSigning } from "./key-times.ts";
import type { LimitsFile, TenantFile, TenantsFile } from "./schema-tenant.ts";
import type { ReadSecret } from "./secret.ts";
import type { Client, Limits, Tenant } from "./tenant.ts";

/** What tenants are checked against. */
interface BuildContext {
  readonly grantTypes: readonly string[];
  /** How long a node may use the keys that it last read, in seconds. */
  readonly keyMaxStaleness: number;
  /** Where clients find the service; issuers begin with it. */
  readonly publicUrl: string;
  readonly operators: OperatorsByTenant;
  readonly readSecret: ReadSecret;
}

/** The default of markClaim. */
const DEFAULT_NAMESPACE_CLAIM = "client_namespace";

/** The default of limits.tokenWarnBytes. */
const DEFAULT_TOKEN_WARN = 8192;

/** Builds tenants from their registrations. Notes every rule that they break. */
export function buildTenants(
  files: TenantsFile,
  context: BuildContext,
  problems: Problems,
): ReadonlyMap<string, Tenant> {
  const entries = Object.entries(files);
  if (entries.length === 0) problems.add("expected at least one tenant");
  const tenants = new Map(entries.map(([id, file]) => [id, buildTenant(id, file, context, problems.at(id))]));
  checkIssuers(tenants.values(), problems);
  return tenants;
}

function buildTenant(id: string, file: TenantFile, context: BuildContext, problems: Problems): Tenant {
  checkSigning(file.signing, context.keyMaxStaleness, problems.at("signing"));
  checkNamespaceClaim(file.markClaim, problems.at("markClaim"));
  checkResources(file.resources, problems.at("resources"));
  checkAuthorities(file.authorities, file.limits.subjectLength, problems.at("authorities"));
  const limits = buildLimits(file.limits, problems.at("limits"));
  const resources = new Map(Object.entries(file.resources));
  const clientContext = { ...context, limits, namespaceClaim: file.markClaim, resources: [...resources.keys()] };
  const clients = new Map<string, Client>();
  for (const [clientId, client] of Object.entries(file.clients)) {
    clients.set(clientId, buildClient(clientId, client, clientContext, problems.at("clients", clientId)));
  }
  return {
    id,
    issuer: file.issuer ?? issuerOf(id, context.publicUrl),
    signing: file.signing,
    refreshKeyRotateEvery: file.refreshKeyRotateEvery,
    strictClientAuthentication: file.strictClientAuthentication,
    resources,
    authorities: new Map(Object.entries(file.authorities)),
    clients,
    namespaceClaim: file.markClaim,
    limits,
    rateLimits: file.rateLimits,
    operators: context.operators.get(id) ?? new Map(),
  };
}

function checkNamespaceClaim(namespaceClaim: string, problems: Problems): void {
  if (namespaceClaim !== DEFAULT_NAMESPACE_CLAIM && isReservedClaim(namespaceClaim, DEFAULT_NAMESPACE_CLAIM)) {
    problems.add(`only the mint sets the claim ${JSON.stringify(namespaceClaim)}; expected another name`);
  }
}

function checkResources(resources: TenantFile["resources"], problems: Problems): void {
  const owners = new Map<string, string>();
  for (const [name, scopes] of Object.entries(resources)) {
    for (const [index, scope] of scopes.entries()) {
      const owner = owners.get(scope);
      if (owner !== undefined) problems.at(name, index).add(`the resource ${owner} already owns the scope ${scope}`);
      if (scope === OFFLINE_ACCESS) problems.at(name, index).add(`no resource can own ${OFFLINE_ACCESS}`);
      owners.set(scope, name);
    }
  }
}

function buildLimits(file: LimitsFile, problems: Problems): Limits {
  const tokenWarnBytes = file.tokenWarnBytes ?? Math.min(DEFAULT_TOKEN_WARN, file.tokenMaxBytes);
  if (tokenWarnBytes > file.tokenMaxBytes) problems.at("tokenWarnBytes").add("expected no more than tokenMaxBytes");
  return { ...file, tokenWarnBytes };
}
