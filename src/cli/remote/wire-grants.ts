import { type Grant, GrantStateSchema } from "../../../gen/mintmark/v1/grant_service_pb.ts";
import type { PrintedGrant } from "./grants.ts";
import { timeOf, wordOf } from "./wire-words.ts";

/** A grant that the service describes. */
export function fromWire({ id, client, namespace, subject, scopes, state, ...times }: Grant): PrintedGrant {
  return {
    ...{ id, client },
    ...(namespace !== "" && { namespace }),
    ...(subject !== undefined && { subject }),
    ...{ scopes, state: wordOf(GrantStateSchema, state) },
    ...timeOf("mintTime", times.mintTime),
    ...timeOf("refreshTime", times.refreshTime),
    ...timeOf("expireTime", times.expireTime),
    ...timeOf("revokeTime", times.revokeTime),
  };
}
