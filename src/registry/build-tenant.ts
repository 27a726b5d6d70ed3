import type { JsonObject } from "../base/json.ts";
import { joinUrl } from "../base/url.ts";
import type { Problems } from "../schema/problems.ts";
import { isReservedClaim } from "../token/reserved-claims.ts";
import { OFFLINE_ACCESS } from "../token/scope.ts";
import { checkAuthorities } from "./authorities.ts";
import { buildClient, type ClientContext } from "./build-client.ts";
import { type OperatorsByTenant, operatorsOf } from "./build-operators.ts";
import { clientDefaultsOf } from "./client-defaults.ts";
import { checkIssuers, issuerOf } from "./issuers.ts";
import { checkSigning } from "./key-times.ts";
import type { LimitsFile, TenantFile, TenantsFile } from "./schema-tenant.ts";
import type { ReadSecret } from "./secret.ts";
import { type Client, type Limits, type Operator, type Tenant, TOKEN_PATH } from "./tenant.ts";
import { buildWorkloadIssuers } from "./workload-issuers.ts";

/** What any tenant is checked against. */
interface CommonContext {
  readonly grantTypes: readonly string[];
  /** How long a node may use the keys that it last read, in seconds. */
  readonly keyMaxStaleness: number;
  /** Where clients find the service; issuers begin with it. */
  readonly publicUrl: string;
  /** Reads the secrets that are not in the entry itself; without it there are none. */
  readonly readSecret?: ReadSecret;
}

/** What the tenants of a file are checked against. */
interface BuildContext extends CommonContext {
  readonly operators: OperatorsByTenant;
  /** What the file says of each tenant, word for word, by id. */
  readonly words: ReadonlyMap<string, JsonObject>;
}

/** What one tenant is checked against, and gets. */
interface TenantContext extends CommonContext {
  readonly operators: ReadonlyMap<string, Operator>;
  /** Its entry, word for word. */
  readonly words: JsonObject;
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
  const tenants = new Map(
    entries.map(([id, file]) => {
      const own = { operators: operatorsOf(context.operators, id), words: context.words.get(id) ?? {} };
      return [id, buildTenant(id, file, { ...context, ...own }, problems.at(id))];
    }),
  );
  checkIssuers(tenants.values(), problems);
  return tenants;
}

/** The part of a tenant that its clients depend on. */
type TenantOfClients = Pick<Tenant, "namespaceClaim" | "limits" | "resources" | "workloadIssuers">;

/** What a client of a tenant is checked against. */
export function clientContextOf(
  { namespaceClaim, limits, resources, workloadIssuers }: TenantOfClients,
  { grantTypes, readSecret = () => undefined }: Pick<CommonContext, "grantTypes" | "readSecret">,
): ClientContext {
  const names = { resources: [...resources.keys()], workloadIssuers: [...workloadIssuers.keys()] };
  return { namespaceClaim, limits, ...names, grantTypes, readSecret };
}

/** Builds one tenant from its registration. Notes every rule that it breaks by itself. */
export function buildTenant(id: string, file: TenantFile, context: TenantContext, problems: Problems): Tenant {
  checkSigning(file.signing, context.keyMaxStaleness, problems.at("signing"));
  checkNamespaceClaim(file.markClaim, problems.at("markClaim"));
  checkResources(file.resources, problems.at("resources"));
  checkAuthorities(file.authorities, file.limits.subjectLength, problems.at("authorities"));
  const limits = buildLimits(file.limits, problems.at("limits"));
  const resources = new Map(Object.entries(file.resources));
  const workloadIssuers = buildWorkloadIssuers(file.workloadIssuers, problems.at("workloadIssuers"));
  const own = { namespaceClaim: file.markClaim, limits, resources, workloadIssuers };
  const clientContext = clientContextOf(own, context);
  const clients = new Map<string, Client>();
  for (const [clientId, client] of Object.entries(file.clients)) {
    clients.set(clientId, buildClient(clientId, client, clientContext, problems.at("clients", clientId)));
  }
  return {
    id,
    issuer: file.issuer ?? issuerOf(id, context.publicUrl),
    tokenEndpoint: joinUrl(issuerOf(id, context.publicUrl), TOKEN_PATH),
    signing: file.signing,
    dpop: file.dpop,
    refreshKeyRotateEvery: file.refreshKeyRotateEvery,
    strictClientAuthentication: file.strictClientAuthentication,
    resources,
    authorities: new Map(Object.entries(file.authorities)),
    workloadIssuers,
    clients,
    clientDefaults: clientDefaultsOf(context.words),
    trustDomain: file.trustDomain,
    namespaceClaim: file.markClaim,
    limits,
    rateLimits: file.rateLimits,
    operators: context.operators,
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
