import type { Problems } from "../schema/problems.ts";
import { checkReach } from "./authorities.ts";
import type { ClientFile } from "./schema-client.ts";
import type { PublicKeys } from "./tenant.ts";

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
