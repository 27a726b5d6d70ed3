import { didYouMean } from "../base/nearest.ts";
import type { Problems } from "../schema/problems.ts";
import { checkReach } from "./authorities.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { ClientFile } from "./schema-client.ts";

type KeySettings = Pick<ClientFile, "jwks" | "jwksUri" | "jwksAllowPrivateNetwork">;

/** The keys that a client's assertions are signed with; undefined if it has none. Notes every rule that they break. */
export function buildKeys(
  { jwks, jwksUri, jwksAllowPrivateNetwork: allowPrivateNetwork }: KeySettings,
  problems: Problems,
): PublicKeys | undefined {
  if (jwks !== undefined && jwksUri !== undefined) problems.at("jwksUri").add("expected either jwks or jwksUri");
  if (jwks !== undefined) return { jwks: jwks.keys };
  if (jwksUri === undefined) return undefined;
  checkReach(jwksUri, { allowPrivateNetwork, setting: "jwksAllowPrivateNetwork" }, problems.at("jwksUri"));
  return { jwksUri, allowPrivateNetwork };
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
