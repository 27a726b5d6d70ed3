import type { JsonObject as StructJson } from "@bufbuild/protobuf";
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { Source, type WriteOptions } from "../../gen/mintmark/v1/registry_service_pb.ts";
import { isJsonObject, type JsonObject } from "../base/json.ts";
import { OAuthError } from "../engine/errors.ts";
import type { EntryDescription } from "../engine/registry-request.ts";
import { InvalidValue } from "../engine/request.ts";
import { structToJson } from "./json.ts";
import { toTimestamp } from "./timestamps.ts";

/** Throws OAuthError `invalid_request` for what JSON cannot represent. */
export function settingsOf({ settings }: { readonly settings?: StructJson | undefined }): JsonObject | undefined {
  if (settings === undefined) return undefined;
  const json = structToJson(settings);
  if (!(json instanceof InvalidValue) && isJsonObject(json)) return json;
  throw new OAuthError("invalid_request", "settings must be a JSON object, without NaN and Infinity.");
}

/** The names of settings in a mask. JSON's spelling of masks makes `access_token_lifetime` of accessTokenLifetime. */
export function maskOf(mask: FieldMask | undefined): readonly string[] | undefined {
  return mask?.paths.map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

/** How a change is made. Empty strings count as absent. */
export function writing(options: WriteOptions | undefined) {
  const { etag, validateOnly, idempotencyKey } = options ?? {};
  return { etag: etag || undefined, validateOnly, idempotencyKey: idempotencyKey || undefined };
}

/** Which page of a list is asked for. */
export function listing({
  filter,
  pageSize,
  pageToken,
}: Record<"filter" | "pageToken", string> & { pageSize: number }) {
  return { filter, pageSize: pageSize === 0 ? undefined : pageSize, pageToken: pageToken || undefined };
}

const sources = {
  file: Source.FILE,
  stored: Source.STORED,
} satisfies Record<EntryDescription["source"], Source>;

/** What the entries of clients and tenants have in common. */
export function toEntry({ settings, source, isShadowed, etag = "", problems, ...rest }: EntryDescription) {
  return {
    ...{ etag, problems: [...problems] },
    settings: settings as StructJson,
    source: sources[source],
    shadowed: isShadowed,
    createTime: toTimestamp(rest.createdAt),
    updateTime: toTimestamp(rest.updatedAt),
  };
}
