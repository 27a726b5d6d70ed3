import { create, fromBinary, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MintRequestSchema } from "../../gen/mintmark/v1/token_service_pb.ts";
import { structToJson, valueToJson } from "../../src/rpc/json.ts";

/** Any JSON, with names that objects inherit, and nothing that JSON text would change. */
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", ""));
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(key, tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ) as fc.Arbitrary<JsonValue>,
}));

test("any JSON comes through a Value as it was", () => {
  fc.assert(
    fc.property(json, (value) => {
      const received = fromBinary(ValueSchema, toBinary(ValueSchema, fromJson(ValueSchema, value)));
      expect(JSON.stringify(valueToJson(received))).toBe(JSON.stringify(value));
    }),
  );
});

test("any JSON comes through a Struct as it was", () => {
  fc.assert(
    fc.property(json, key, (value, name) => {
      const object = Object.fromEntries([[name, value]]);
      const request = create(MintRequestSchema, { arbitraryJson: object });
      const received = fromBinary(MintRequestSchema, toBinary(MintRequestSchema, request));
      expect(JSON.stringify(structToJson(received.arbitraryJson ?? {}))).toBe(JSON.stringify(object));
    }),
  );
});
