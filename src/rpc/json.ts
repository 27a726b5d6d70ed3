import type { JsonObject as StructJson } from "@bufbuild/protobuf";
import type { Value } from "@bufbuild/protobuf/wkt";
import type { JsonValue } from "../base/json.ts";
import { InvalidValue } from "../engine/request.ts";

const NOT_FINITE = new InvalidValue("NaN and Infinity are not JSON.");
const NOT_SET = new InvalidValue("it holds a Value that is not set.");

/**
 * The JSON of a `google.protobuf.Struct`, which protobuf-es has decoded to an object already; InvalidValue if it
 * holds, at whatever depth, a number that JSON has not.
 */
export function structToJson(struct: StructJson): JsonValue | InvalidValue {
  return isJson(struct) ? struct : NOT_FINITE;
}

function isJson(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isJson);
}

/** The JSON of a `google.protobuf.Value`; InvalidValue if it, or a value in it, is none. */
export function valueToJson({ kind }: Value): JsonValue | InvalidValue {
  switch (kind.case) {
    case "nullValue":
      return null;
    case "numberValue":
      return Number.isFinite(kind.value) ? kind.value : NOT_FINITE;
    case "listValue":
      return listToJson(kind.value.values);
    case "structValue":
      return fieldsToJson(kind.value.fields);
    case undefined:
      return NOT_SET;
    default:
      return kind.value;
  }
}

function listToJson(values: readonly Value[]): JsonValue | InvalidValue {
  const list: JsonValue[] = [];
  for (const value of values) {
    const json = valueToJson(value);
    if (json instanceof InvalidValue) return json;
    list.push(json);
  }
  return list;
}

function fieldsToJson(fields: Readonly<Record<string, Value>>): JsonValue | InvalidValue {
  const members: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(fields)) {
    const json = valueToJson(value);
    if (json instanceof InvalidValue) return json;
    members.push([name, json]);
  }
  // Defines every member, so that even one named `__proto__` is an own property like any other.
  return Object.fromEntries(members);
}
