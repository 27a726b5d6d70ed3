import { formatPath, type Problems } from "../schema/problems.ts";
import { checkId, resolveSecrets } from "./build-secrets.ts";
import type { OperatorFile, OperatorsFile } from "./schema-operator.ts";
import type { TenantsFile } from "./schema-tenant.ts";
import type { ReadSecret } from "./secret.ts";
import type { Operator } from "./tenant.ts";

/** Operators by id. */
type Operators = ReadonlyMap<string, Operator>;

/** The operators of each tenant. */
export interface OperatorsByTenant {
  /** Of the tenants in the file or named by an operator, by the tenant's id. */
  readonly named: ReadonlyMap<string, Operators>;
  /** Of any other tenant: those who may operate all. */
  readonly ofAll: Operators;
  /** All that there are, whatever their tenants. */
  readonly all: Operators;
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
  const all = new Map<string, Operator>();
  for (const [id, file] of Object.entries(operators)) {
    const context = { ...lowestLimit(file, tenants), readSecret };
    checkId(id, context, problems.at(id));
    const secrets = resolveSecrets(file.secrets, context, problems.at(id, "secrets"));
    const own = file.tenants === "*" ? file.tenants : new Set(file.tenants);
    all.set(id, { id, roles: new Set(file.roles), tenants: own, secrets });
  }
  // A tenant that operators register may be one that an operator of the file names already.
  const ids = new Set([...Object.keys(tenants), ...namedIn(operators)]);
  const named = new Map([...ids].map((id) => [id, those(all, ({ tenants: own }) => own === "*" || own.has(id))]));
  return { named, ofAll: those(all, ({ tenants: own }) => own === "*"), all };
}

function namedIn(operators: OperatorsFile): readonly string[] {
  return Object.values(operators).flatMap(({ tenants }) => (tenants === "*" ? [] : tenants));
}

function those(all: Operators, are: (operator: Operator) => boolean): Operators {
  return new Map([...all].filter(([, operator]) => are(operator)));
}

/** An operator uses the same credentials for all of its tenants, so they must suit each one in the file. */
function lowestLimit(
  { tenants: own }: OperatorFile,
  tenants: TenantsFile,
): { readonly maxLength: number; readonly maxLengthPath: string } {
  const named = Object.entries(tenants).filter(([id]) => own === "*" || own.includes(id));
  const limits = named.map(([id, { limits }]) => ({
    maxLength: limits.credentialLength,
    maxLengthPath: formatPath(["tenants", id, "limits", "credentialLength"]),
  }));
  return limits.reduce((lowest, next) => (next.maxLength < lowest.maxLength ? next : lowest), {
    maxLength: Number.POSITIVE_INFINITY,
    maxLengthPath: "",
  });
}
