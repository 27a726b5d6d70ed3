import type { JsonObject as StructJson } from "@bufbuild/protobuf";
import type { Value } from "@bufbuild/protobuf/wkt";
import type { JsonValue } from "../base/json.ts";
import { InvalidValue } from "../engine/request.ts";

const NOT_FINITE = new InvalidValue("NaN and Infinity are not JSON.");
const NOT_SET = new InvalidValue("it contains a Value that is not set.");

/**
 * The JSON of a `google.protobuf.Struct`, which protobuf-es has already decoded to an object; InvalidValue if it
 * contains, at any depth, a number that JSON cannot represent.
 */
export function structToJson(struct: StructJson): JsonValue | InvalidValue {
  return isJson(struct) ? struct : NOT_FINITE;
}

function isJson(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isJson);
}

/** The JSON of a `google.protobuf.Value`; InvalidValue if it, or a value in it, is not JSON. */
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
  // fromEntries defines members, so that even `__proto__` is an own property.
  return Object.fromEntries(members);
}
