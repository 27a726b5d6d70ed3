import type { Client } from "../../registry/tenant.ts";
import type { Decided, Known } from "../../telemetry/events.ts";
import { OFFLINE_ACCESS } from "../../token/scope.ts";
import type { Approval } from "../policy.ts";
import type { MintRequest } from "../request.ts";

/** Says for the log what a mint gives, and where the values come from that a caller may wonder about. */
export function decidedAtMint(approval: Approval, request: MintRequest, client: Client): Decided {
  const { accessTokenType: type, accessTokenLifetime: lifetime } = request;
  const within = lifetime ?? client.accessTokenLifetime;
  const asked = (value: unknown) => (value === undefined ? "client" : "request");
  return {
    ...given(approval),
    accessTokenTypeFrom: approval.accessTokenType === (type ?? client.accessTokenType) ? asked(type) : "grant",
    accessTokenLifetimeFrom: approval.accessTokenLifetime < within ? "latest expiry" : asked(lifetime),
  };
}

/** The same for a refresh, of what was `granted` at the mint. */
export function decidedAtRefresh(approval: Approval, granted: Approval, client: Client): Decided {
  const within = Math.min(granted.accessTokenLifetime, client.accessTokenLifetime);
  const earlier = granted.accessTokenLifetime <= client.accessTokenLifetime ? "grant" : "client";
  return {
    ...given(approval),
    accessTokenTypeFrom: "grant",
    accessTokenLifetimeFrom: approval.accessTokenLifetime < within ? "latest expiry" : earlier,
  };
}

/** Who acts for the subject, for the audit; nothing if nobody does. */
export function noteOfActor({ actor }: Approval): Pick<Known, "actor"> {
  return typeof actor?.sub === "string" ? { actor: actor.sub } : {};
}

function given(approval: Approval) {
  const { accessTokenType, accessTokenLifetime, issuer, audience, scopes, fixedClaims } = approval;
  return {
    accessTokenType,
    accessTokenLifetime,
    issuer,
    audience: audience.map(({ name }) => name),
    scopes,
    fixedClaims: Object.keys(fixedClaims),
    refreshable: scopes.includes(OFFLINE_ACCESS),
  };
}
