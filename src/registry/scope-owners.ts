import { didYouMean } from "../base/nearest.ts";
import type { Problems } from "../schema/problems.ts";
import { IDENTITY_SCOPES } from "../token/scope.ts";
import type { TenantFile } from "./schema-tenant.ts";

/**
 * Warns of every scope of a client that no resource owns, if the tenant has resources: a token with it gets an audience
 * with that name, which no resource has if the scope is mistyped.
 */
export function warnOfScopes({ resources, clients }: TenantFile, warnings: Problems): void {
  const known = Object.entries(resources).flatMap(([name, scopes]) => [name, ...scopes]);
  if (known.length === 0) return;
  for (const [id, { scopes }] of Object.entries(clients)) {
    if (scopes === "*") continue;
    for (const [index, scope] of scopes.entries()) {
      if (known.includes(scope) || IDENTITY_SCOPES.has(scope)) continue;
      warnings
        .at("clients", id, "scopes", index)
        .add(`no resource owns ${scope}, so it becomes an audience of its own${didYouMean(scope, known)}`);
    }
  }
}
