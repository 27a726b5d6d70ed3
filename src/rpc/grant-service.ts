import type { ServiceImpl } from "@connectrpc/connect";
import { type GrantService, GrantState } from "../../gen/mintmark/v1/grant_service_pb.ts";
import type { Engine } from "../engine/port.ts";
import type { GrantDescription } from "../engine/request.ts";
import { callerIn } from "./arrivals.ts";
import { findTenant } from "./tenant.ts";
import { toTimestamp } from "./timestamps.ts";

/** The GrantService: translates requests and answers, and leaves the work to the engine. */
export function grantService(engine: Engine): ServiceImpl<typeof GrantService> {
  return {
    async listGrants({ tenant, subject, client, pageSize, pageToken }, context) {
      const request = {
        subject,
        client: client || undefined,
        pageSize: pageSize === 0 ? undefined : pageSize,
        pageToken: pageToken || undefined,
      };
      const { grants, nextPageToken } = await findTenant(engine, tenant, context).listGrants(
        callerIn(context),
        request,
      );
      return { grants: grants.map(toGrant), nextPageToken: nextPageToken ?? "" };
    },
    async revokeGrant({ tenant, grant }, context) {
      const revoked = await findTenant(engine, tenant, context).revokeGrant(callerIn(context), {
        grant: grant || undefined,
      });
      return { grant: toGrant(revoked) };
    },
  };
}

const states = {
  active: GrantState.ACTIVE,
  suspended: GrantState.SUSPENDED,
  expired: GrantState.EXPIRED,
  revoked: GrantState.REVOKED,
  unreadable: GrantState.UNREADABLE,
} satisfies Record<GrantDescription["state"], GrantState>;

function toGrant({ id, client, namespace = "", subject, scopes, state, ...times }: GrantDescription) {
  return {
    ...{ id, client, namespace, subject },
    scopes: [...scopes],
    state: states[state],
    mintTime: toTimestamp(times.mintedAt),
    refreshTime: toTimestamp(times.refreshedAt),
    expireTime: toTimestamp(times.expiresAt),
    revokeTime: toTimestamp(times.revokedAt),
  };
}
