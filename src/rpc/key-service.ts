import type { ServiceImpl } from "@connectrpc/connect";
import {
  type KeyService,
  KeyState,
  KeyUse,
  type RotateRequest as ProtoRotateRequest,
  RotationMode,
} from "../../gen/mintmark/v1/key_service_pb.ts";
import { OAuthError } from "../engine/errors.ts";
import type { Engine, TenantEngine } from "../engine/port.ts";
import type { RotateRequest } from "../engine/request.ts";
import { callerIn } from "./arrivals.ts";
import { findTenant } from "./tenant.ts";
import { toTimestamp } from "./timestamps.ts";

/** The KeyService: translates requests and answers, and leaves the work to the engine. */
export function keyService(engine: Engine): ServiceImpl<typeof KeyService> {
  return {
    async rotate(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      return toRotateResponse(await tenant.rotate(callerIn(context), toRotateRequest(request)));
    },
    async revokeClient(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      const revocation = await tenant.revokeClient(callerIn(context), { client: request.client || undefined });
      return { warnings: [...revocation.warnings] };
    },
    async listKeys(request, context) {
      const tenant = findTenant(engine, request.tenant, context);
      return { keys: (await tenant.listKeys(callerIn(context))).map(toKey) };
    },
  };
}

type Rotation = Awaited<ReturnType<TenantEngine["rotate"]>>;
type KeyDescription = Rotation["keys"][number];

const modes = {
  graceful: RotationMode.GRACEFUL,
  immediate: RotationMode.IMMEDIATE,
  compromised: RotationMode.COMPROMISED,
} satisfies Record<NonNullable<RotateRequest["mode"]>, RotationMode>;

const uses = {
  signing: KeyUse.SIGNING,
  refresh: KeyUse.REFRESH,
} satisfies Record<KeyDescription["use"], KeyUse>;

const states = {
  pending: KeyState.PENDING,
  active: KeyState.ACTIVE,
  retired: KeyState.RETIRED,
  gone: KeyState.GONE,
  compromised: KeyState.COMPROMISED,
} satisfies Record<KeyDescription["state"], KeyState>;

/** Translates a request. Empty strings count as absent. */
function toRotateRequest({ mode, use, kid, dryRun, idempotencyKey }: ProtoRotateRequest): RotateRequest {
  return {
    mode: wordOf(modes, mode, "mode"),
    use: wordOf(uses, use, "use"),
    kid: kid || undefined,
    dryRun,
    idempotencyKey: idempotencyKey || undefined,
  };
}

/**
 * The word for an enum's value; undefined for UNSPECIFIED, which is 0 in every enum. Throws OAuthError
 * `invalid_request` for a number that is not in the enum: protobuf accepts any number.
 */
function wordOf<Word extends string>(
  values: Readonly<Record<Word, number>>,
  value: number,
  field: string,
): Word | undefined {
  if (value === 0) return undefined;
  const words = Object.keys(values) as Word[];
  const word = words.find((candidate) => values[candidate] === value);
  if (word === undefined) throw new OAuthError("invalid_request", `${field} must be one of ${words.join(", ")}.`);
  return word;
}

function toRotateResponse({ keys, jwksStaleUntil, warnings, rotated }: Rotation) {
  return { keys: keys.map(toKey), jwksStaleUntil: toTimestamp(jwksStaleUntil), warnings: [...warnings], rotated };
}

function toKey(key: KeyDescription) {
  return {
    kid: key.kid ?? "",
    use: uses[key.use],
    generation: key.generation,
    algorithm: key.algorithm,
    state: states[key.state],
    createTime: toTimestamp(key.createdAt),
    activateTime: toTimestamp(key.activateAt),
    retireTime: toTimestamp(key.retireAt),
    removeTime: toTimestamp(key.removeAt),
  };
}
