import { type JsonObject as StructJson, toJson } from "@bufbuild/protobuf";
import { type Timestamp, ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type Client,
  type ClientSecret,
  type GetEffectiveClientResponse,
  SettingSourceSchema,
  SourceSchema,
  type Tenant,
} from "../../../gen/mintmark/v1/registry_service_pb.ts";
import type { JsonObject, JsonValue } from "../../base/json.ts";
import { timeOf, wordOf } from "../remote/wire-words.ts";
import type { PrintedEntry, PrintedSecret } from "./entries.ts";

/** A tenant that the service describes. Throws if it describes none. */
export function tenantFromWire(tenant: Tenant | undefined): PrintedEntry {
  if (tenant === undefined) throw new Error("The answer has no tenant.");
  return entryFromWire(tenant);
}

/** A client that the service describes. Throws if it describes none. */
export function clientFromWire(client: Client | undefined): PrintedEntry {
  if (client === undefined) throw new Error("The answer has no client.");
  return { ...entryFromWire(client), secrets: client.secrets.map(secretFromWire) };
}

/** What a service tells of a change of a client. */
export function changedFromWire(answer: {
  readonly client?: Client | undefined;
  readonly effectiveTime?: Timestamp | undefined;
}) {
  return { ...clientFromWire(answer.client), ...timeOf("effectiveTime", answer.effectiveTime) };
}

/** What a service tells of a change of a tenant. */
export function changedTenantFromWire(answer: {
  readonly tenant?: Tenant | undefined;
  readonly effectiveTime?: Timestamp | undefined;
}) {
  return { ...tenantFromWire(answer.tenant), ...timeOf("effectiveTime", answer.effectiveTime) };
}

/** Settings that hold, in the order of their names. */
export function settingsFromWire(settings: GetEffectiveClientResponse["settings"]) {
  return Object.entries(settings)
    .map(([setting, { value, source }]) => ({
      setting,
      value: (value === undefined ? null : toJson(ValueSchema, value)) as JsonValue,
      from: wordOf(SettingSourceSchema, source),
    }))
    .toSorted((one, other) => (one.setting < other.setting ? -1 : 1));
}

/** Settings as an RPC takes them. */
export function settingsToWire(settings: JsonObject): StructJson {
  return settings as StructJson;
}

function entryFromWire({ id, source, shadowed, settings, etag, problems, ...times }: Client | Tenant): PrintedEntry {
  return {
    ...{ id, source: wordOf(SourceSchema, source) },
    ...(shadowed && { shadowed }),
    settings: (settings ?? {}) as JsonObject,
    ...(etag !== "" && { etag }),
    ...timeOf("createTime", times.createTime),
    ...timeOf("updateTime", times.updateTime),
    ...(problems.length > 0 && { problems }),
  };
}

function secretFromWire({ id, createTime, notBefore, expireTime }: ClientSecret): PrintedSecret {
  return {
    id,
    ...timeOf("createTime", createTime),
    ...timeOf("notBefore", notBefore),
    ...timeOf("expireTime", expireTime),
  };
}
