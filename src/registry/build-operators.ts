import { didYouMean } from "../base/nearest.ts";
import { formatPath, type Problems } from "../schema/problems.ts";
import { checkId, resolveSecrets } from "./build-secrets.ts";
import type { OperatorFile, OperatorsFile } from "./schema-operator.ts";
import type { TenantFile, TenantsFile } from "./schema-tenant.ts";
import type { ReadSecret } from "./secret.ts";
import type { Operator } from "./tenant.ts";

/** Operators by id. */
type Operators = ReadonlyMap<string, Operator>;

/** The operators of each tenant. */
export interface OperatorsByTenant {
  /** Of the tenants in the file, by the tenant's id. */
  readonly named: ReadonlyMap<string, Operators>;
  /** Of any other tenant: those who may operate all. */
  readonly ofAll: Operators;
}

/** The operators of a tenant. */
export function operatorsOf({ named, ofAll }: OperatorsByTenant, tenant: string): Operators {
  return named.get(tenant) ?? ofAll;
}

/** Builds each tenant's operators from their registrations. Notes every rule that they break. */
export function buildOperators(
  { operators, tenants }: { readonly operators: OperatorsFile; readonly tenants: TenantsFile },
  readSecret: ReadSecret,
  problems: Problems,
): OperatorsByTenant {
  const ofAll = new Map<string, Operator>();
  const named = new Map(Object.keys(tenants).map((id) => [id, new Map<string, Operator>()]));
  const known = new Map(Object.entries(tenants));
  for (const [id, file] of Object.entries(operators)) {
    const own = tenantsOf(file, known, problems.at(id, "tenants"));
    const context = { ...lowestLimit(own), readSecret };
    checkId(id, context, problems.at(id));
    const secrets = resolveSecrets(file.secrets, context, problems.at(id, "secrets"));
    const operator = { id, roles: new Set(file.roles), secrets };
    for (const tenant of own.keys()) named.get(tenant)?.set(id, operator);
    if (file.tenants === "*") ofAll.set(id, operator);
  }
  return { named, ofAll };
}

/** The tenants that an operator names. Notes a problem for each that does not exist. */
function tenantsOf(
  file: OperatorFile,
  known: ReadonlyMap<string, TenantFile>,
  problems: Problems,
): ReadonlyMap<string, TenantFile> {
  if (file.tenants === "*") return known;
  const own = new Map<string, TenantFile>();
  for (const [index, id] of file.tenants.entries()) {
    const tenant = known.get(id);
    if (tenant !== undefined) own.set(id, tenant);
    else problems.at(index).add(`${JSON.stringify(id)} is not a tenant${didYouMean(id, known.keys())}`);
  }
  return own;
}

/** An operator uses the same credentials for all of its tenants, so they must suit each one. */
function lowestLimit(tenants: ReadonlyMap<string, TenantFile>): { maxLength: number; maxLengthPath: string } {
  const limits = Array.from(tenants, ([id, { limits }]) => ({
    maxLength: limits.credentialLength,
    maxLengthPath: formatPath(["tenants", id, "limits", "credentialLength"]),
  }));
  return limits.reduce((lowest, next) => (next.maxLength < lowest.maxLength ? next : lowest), {
    maxLength: Number.POSITIVE_INFINITY,
    maxLengthPath: "",
  });
}
