import type { GrantDescription } from "../../engine/request.ts";
import type { Output } from "../frame/io.ts";
import { formatRows } from "../frame/table.ts";
import { printedTime, readable } from "./times.ts";

/** A grant as it is printed: the RPC's names, with plain words and times as RFC 3339 text. */
export interface PrintedGrant {
  readonly id: string;
  readonly client: string;
  readonly namespace?: string;
  readonly subject?: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly mintTime?: string;
  readonly refreshTime?: string;
  readonly expireTime?: string;
  readonly revokeTime?: string;
}

/** A grant that the engine describes. */
export function fromEngine({
  id,
  client,
  namespace,
  subject,
  scopes,
  state,
  ...times
}: GrantDescription): PrintedGrant {
  return {
    ...{ id, client },
    ...(namespace !== undefined && { namespace }),
    ...(subject !== undefined && { subject }),
    ...{ scopes, state },
    ...printedTime("mintTime", times.mintedAt),
    ...printedTime("refreshTime", times.refreshedAt),
    ...printedTime("expireTime", times.expiresAt),
    ...printedTime("revokeTime", times.revokedAt),
  };
}

/** Grants as people see them. */
export function tableOfGrants(grants: readonly PrintedGrant[], output: Output): string {
  const rows = grants.map(({ id, client, subject = "", scopes, state, ...times }) => [
    ...[id, client, subject, scopes.join(" "), state],
    ...[readable(times.mintTime), readable(times.refreshTime), readable(times.expireTime)],
  ]);
  const times = ["MINTED (UTC)", "REFRESHED (UTC)", "EXPIRES (UTC)"];
  return formatRows(rows, ["GRANT", "CLIENT", "SUBJECT", "SCOPES", "STATE", ...times], output);
}
