import { revocationIds } from "../../token/revocation.ts";
import type { TenantContext } from "../context.ts";
import { subjectOf } from "../subjects.ts";

/** What made a token, as a revocation may go by it. */
interface Made {
  /** The key that signed it; undefined for a reference token. */
  readonly kid?: string | undefined;
  /** The generation of the refresh key behind the MAC of a reference token's row. */
  readonly rowKey?: number | undefined;
}

/** The ids of all revocations that can kill what a client minted, whether or not a subject was granted. */
export function mintRevocationIds(
  context: TenantContext,
  granted: string | undefined,
  clientId: string,
  namespace: unknown,
): readonly string[] {
  const client = context.tenant.clients.get(clientId);
  const subject = subjectOf(granted, client);
  if (subject === undefined) return [revocationIds.client(clientId)];
  // The namespace at the time of the mint and the current one: whichever of them a revocation meant, the token cannot
  // escape it.
  const namespaces = new Set([namespace, client?.namespace]);
  return [
    revocationIds.client(clientId),
    revocationIds.subjectOfClient(subject, clientId),
    ...[...namespaces]
      .filter((name) => typeof name === "string")
      .map((name) => revocationIds.subjectOfNamespace(subject, name)),
  ];
}

/** The ids of the revocations of the key that made the token. */
export function keyRevocationIds({ kid, rowKey }: Made): readonly string[] {
  return [
    ...(kid === undefined ? [] : [revocationIds.kid(kid)]),
    ...(rowKey === undefined ? [] : [revocationIds.refreshKey(rowKey)]),
  ];
}
