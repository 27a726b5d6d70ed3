import type { JsonObject, JsonValue } from "../../src/base/json.ts";

/** A google.protobuf.Value as proto-loader takes and gives it: one member, named after its kind. */
export interface LoadedValue {
  readonly nullValue?: unknown;
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly boolValue?: boolean;
  readonly listValue?: { readonly values?: readonly LoadedValue[] };
  readonly structValue?: LoadedStruct;
}

/** A google.protobuf.Struct as proto-loader takes and gives it. */
export interface LoadedStruct {
  readonly fields?: Readonly<Record<string, LoadedValue>>;
}

export function toValue(json: JsonValue): LoadedValue {
  if (json === null) return { nullValue: "NULL_VALUE" };
  if (typeof json === "string") return { stringValue: json };
  if (typeof json === "number") return { numberValue: json };
  if (typeof json === "boolean") return { boolValue: json };
  return isArray(json) ? { listValue: { values: json.map(toValue) } } : { structValue: toStruct(json) };
}

export function toStruct(json: JsonObject): LoadedStruct {
  return { fields: Object.fromEntries(Object.entries(json).map(([name, member]) => [name, toValue(member)])) };
}

export function fromValue(value: LoadedValue): JsonValue {
  if (value.structValue !== undefined) return fromStruct(value.structValue);
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(fromValue);
  if (value.nullValue !== undefined) return null;
  const json = value.stringValue ?? value.numberValue ?? value.boolValue;
  if (json === undefined) throw new Error("a Value is not set");
  return json;
}

export function fromStruct({ fields = {} }: LoadedStruct): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, member]) => [name, fromValue(member)]));
}

/** Array.isArray, which TypeScript does not take for a test of a read-only array. */
function isArray(json: readonly JsonValue[] | JsonObject): json is readonly JsonValue[] {
  return Array.isArray(json);
}
