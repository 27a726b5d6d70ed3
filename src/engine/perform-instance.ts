import { tenantId } from "../registry/fields.ts";
import { assertMay } from "./clients/operator.ts";
import type { InstanceParts } from "./context.ts";
import { type InstanceOperations, instanceOperations } from "./operations/index.ts";
import type { InstanceOperation } from "./operations/operation.ts";
import type { PerformDependencies } from "./perform.ts";
import { performed } from "./performed.ts";
import type { Caller } from "./request.ts";

/** The name of an operation of the mint as a whole. */
export type InstanceOperationName = keyof InstanceOperations;

/** The request of such an operation. */
export type InstanceRequestOf<Name extends InstanceOperationName> = Parameters<InstanceOperations[Name]["run"]>[2];

/** What such an operation answers. */
export type InstanceAnswerOf<Name extends InstanceOperationName> = Awaited<
  ReturnType<InstanceOperations[Name]["run"]>
>["answer"];

/** The table, with types that the compiler can follow through a look-up by name. */
const table: {
  readonly [Name in InstanceOperationName]: InstanceOperation<InstanceRequestOf<Name>, InstanceAnswerOf<Name>>;
} = instanceOperations;

/**
 * Performs an operation of the mint as a whole, as `perform` does one of a tenant. Operators alone may ask for one, and
 * only about tenants that they may act for.
 *
 * Throws OAuthError and nothing else.
 */
export function performInstance<Name extends InstanceOperationName>(
  name: Name,
  parts: InstanceParts,
  caller: Caller,
  request: InstanceRequestOf<Name>,
  dependencies: PerformDependencies,
): Promise<InstanceAnswerOf<Name>> {
  const { registry, authenticators } = dependencies;
  const { roles, run } = table[name];
  const { clock, registrations, secrets, attempts } = parts;
  return performed({ operation: name, tenant: undefined, caller }, dependencies, async ({ note }) => {
    registry.assertFresh();
    const operator = await authenticators.operator(caller, { tenant: registry.instance, secrets, attempts });
    const { tenant } = request;
    // Whoever has proven nothing could write anything there, so it is not told of them.
    note({ operator: operator.id, tenant: tenantId.safeParse(tenant).success ? tenant : undefined });
    assertMay(operator, roles, tenant);
    return run({ registrations, clock }, operator, request);
  });
}
