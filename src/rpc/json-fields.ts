import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isJsonObject, type JsonValue } from "../base/json.ts";
import { didYouMean } from "../base/nearest.ts";

/** The unknown names that a refusal quotes. Other text may be part of a value. */
const NAME = /^[A-Za-z_]\w{0,39}$/;

const DURATION = /^-?\d+(?:\.\d{1,9})?s$/;

/** Finds a field by its name in protobuf's JSON form: as in the .proto file, or in camel case. */
export function fieldNamed(message: DescMessage, name: string): DescField | undefined {
  return message.fields.find((field) => field.name === name || field.jsonName === name);
}

/** Why a member does not fit the message, without quoting a value; undefined if it fits. */
export function misfitOf(message: DescMessage, name: string, value: JsonValue): string | undefined {
  const field = fieldNamed(message, name);
  if (field === undefined) return unknownName(message, name);
  // In protobuf's JSON form, null means absent.
  const expected = value === null ? undefined : expectation(field, value);
  return expected && `${name} must be ${expected}.`;
}

function unknownName(message: DescMessage, name: string): string {
  if (!NAME.test(name)) return "it has an unknown field.";
  const names = message.fields.map((field) => (name.includes("_") ? field.name : field.jsonName));
  return `it has the unknown field '${name}'${didYouMean(name, names) || "."}`;
}

/** What is expected instead; undefined if the value fits. */
function expectation(field: DescField, value: JsonValue): string | undefined {
  switch (field.fieldKind) {
    case "scalar":
      return fitsScalar(field.scalar, value) ? undefined : scalars[field.scalar];
    case "enum":
      return isValueOf(field.enum, value) ? undefined : `one of ${namesOf(field.enum).join(", ")}`;
    case "list":
      return isTextList(value) ? undefined : "a list of strings, such as ['a', 'b']";
    case "message":
      return messageExpectation(field.message, value);
    default:
      return undefined;
  }
}

/** The scalar types in requests. */
const scalars: Partial<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "a string of well-formed Unicode",
  [ScalarType.BOOL]: "true or false",
};

function fitsScalar(type: ScalarType, value: JsonValue): boolean {
  if (type === ScalarType.STRING) return isText(value);
  return type !== ScalarType.BOOL || typeof value === "boolean";
}

function isText(value: JsonValue): boolean {
  return typeof value === "string" && value.isWellFormed();
}

function isTextList(value: JsonValue): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isValueOf({ values }: DescEnum, value: JsonValue): boolean {
  return values.some(({ name }) => name === value) || typeof value === "number";
}

/** The names without UNSPECIFIED. */
function namesOf({ values }: DescEnum): readonly string[] {
  return values.filter(({ number }) => number !== 0).map(({ name }) => name);
}

function messageExpectation({ typeName }: DescMessage, value: JsonValue): string | undefined {
  if (typeName === "google.protobuf.Duration" && !(typeof value === "string" && DURATION.test(value)))
    return "a duration, a string such as '60s'";
  if (typeName === "google.protobuf.Struct" && !isJsonObject(value)) return "a JSON object";
  return undefined;
}
