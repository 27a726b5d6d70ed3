import { didYouMean } from "../base/nearest.ts";
import type { Problems } from "../schema/problems.ts";
import { checkReach, type Reach } from "./authorities.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { ClientFile } from "./schema-client.ts";

/** Where somebody's public keys are, by the settings of a client or an issuer. */
type KeySettings = Pick<ClientFile, "jwks" | "jwksUri">;

/**
 * The keys that a client's assertions, or the tokens of an issuer's workloads, are signed with; undefined if the settings name
 * none. Notes every rule that they break.
 */
export function buildKeys({ jwks, jwksUri }: KeySettings, reach: Reach, problems: Problems): PublicKeys | undefined {
  if (jwks !== undefined && jwksUri !== undefined) problems.at("jwksUri").add("expected either jwks or jwksUri");
  if (jwks !== undefined) return { jwks: jwks.keys };
  if (jwksUri === undefined) return undefined;
  checkReach(jwksUri, reach, problems.at("jwksUri"));
  return { jwksUri, allowPrivateNetwork: reach.allowPrivateNetwork };
}

/** Notes every workload whose issuer the tenant does not have. */
export function checkWorkload(
  { workload }: Pick<ClientFile, "workload">,
  issuers: readonly string[],
  problems: Problems,
): void {
  for (const [index, { issuer }] of workload.entries()) {
    if (issuers.includes(issuer)) continue;
    const hint = didYouMean(issuer, issuers);
    problems.at(index, "issuer").add(`${JSON.stringify(issuer)} is none of the tenant's workloadIssuers${hint}`);
  }
}
