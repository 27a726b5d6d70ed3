import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import type { AccessTokenType, MintRequestSchema } from "../../gen/mintmark/v1/token_service_pb.ts";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import { grants } from "../../src/grants/index.ts";
import { isReservedClaim } from "../../src/token/reserved-claims.ts";
import type { Form } from "./doors.ts";
import { CLIENT_ID, SECRET } from "./tenant.ts";

/** Any well-formed text, of any characters of Unicode. */
export const unicode = (maxLength = 20) => fc.string({ unit: "binary", maxLength });

const grantType = fc.constantFrom(...grants.map((grant) => grant.grantType));

/** What is a value of JSON, and kept by a double. */
const scalar = fc.oneof(
  unicode(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);

/** Every value that a claim may have. */
export const claimValue: fc.Arbitrary<JsonValue> = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }));

/** Names that code in JavaScript, or JSON.parse itself, could trip over. */
const TREACHEROUS = [
  ..."__proto__ constructor prototype toString hasOwnProperty then toJSON 0".split(" "),
  ...["", '"', "\\", "\\\\", "a\\b", '\\"', "\n", "\u0001"],
];

/** Every name that a caller's claim may have. */
const claimName = fc
  .oneof(unicode(), fc.constantFrom(...TREACHEROUS))
  .filter((name) => !isReservedClaim(name, "client_namespace"));

/** Claims of any name that a caller may use. */
export const callersClaims = (value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> =>
  fc
    .uniqueArray(fc.tuple(claimName, value), { selector: ([name]) => name, maxLength: 6 })
    .map((members) => Object.fromEntries(members));

/** Any JSON that is nested so deep at most, and often as deep. */
export const json = (depth: number): fc.Arbitrary<JsonValue> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.json({ maxDepth: depth - 1, stringUnit: "binary" }).map((text) => JSON.parse(text)) },
    {
      weight: 1,
      arbitrary: fc.subarray(TREACHEROUS).map((names) => Object.fromEntries(names.map((name) => [name, 1]))),
    },
    { weight: 1, arbitrary: fc.constant(nested(depth, (inner) => [inner])) },
    { weight: 1, arbitrary: fc.constant(nested(depth, (inner) => ({ a: inner }))) },
  );

function nested(depth: number, wrap: (inner: JsonValue) => JsonValue): JsonValue {
  return depth === 0 ? null : wrap(nested(depth - 1, wrap));
}

/** RFC 6749 section 3.3. */
export const scopeName = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."abcXYZ019!#[]^_~:/.-%&=+"), minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    "offline_access",
    "aggregator_service.read_only",
    "aggregator_service.full_access",
    "openid",
    "email",
  ),
);

const ODD = [
  "null",
  "[]",
  "{}",
  '""',
  "-1",
  "0",
  "007",
  "1e999",
  "-0",
  "NaN",
  "true",
  "[[[[[[[[[[]]]]]]]]]]",
  '{"__proto__":{"aud":"x"}}',
  '{"a":"\\ud800"}',
  '{"\\u0000":"\\u0000"}',
  '{"sub":null,"aud":[null],"scope":[""],"auth_time":-1}',
  "eyJhbGciOiJub25lIn0.e30.",
  "..",
  "wellknown://google",
  "1.AAAAAAAAAAAAAAAAAAAAAA.0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "refresh_token",
  "subject",
  "offline_access",
  "reference",
  " ",
  "\u0000",
  "\r\n",
  "é",
];

/** What nobody expects as the value of a parameter. */
const oddText = fc.oneof(
  fc.constantFrom(...ODD),
  unicode(60),
  fc.json(),
  fc.nat(20_000).map((length) => "[".repeat(length)),
  fc.nat(20_000).map((length) => "é".repeat(length)),
);

const PARAMETERS = [
  "subject issuer scope confirmation arbitrary_claims arbitrary_json custom_payload arbitrary_amrs arbitrary_audiences",
  "access_token_lifetime id_token_lifetime access_token_type access_token authority id_token",
  "refresh_token token token_type_hint revoke_all_subjects resource unknown",
].flatMap((names) => names.split(" "));

const credentials = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ client_id: CLIENT_ID, client_secret: SECRET }) },
  { weight: 1, arbitrary: fc.record({ client_id: oddText, client_secret: oddText }, { requiredKeys: [] }) },
);

/** Forms whose parameters are known, and their values odd. */
export const oddForm: fc.Arbitrary<Form> = fc
  .tuple(
    credentials,
    fc.oneof(
      { weight: 6, arbitrary: grantType },
      { weight: 1, arbitrary: fc.constant("refresh_token") },
      { weight: 1, arbitrary: oddText },
    ),
    fc.dictionary(fc.constantFrom(...PARAMETERS), oddText, { maxKeys: 8, noNullPrototype: true }),
  )
  .map(([client, grant_type, parameters]) => ({ ...client, grant_type, ...parameters }));

const oddNumber = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0));

const oddValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc
    .oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant<Value["kind"]>({ case: undefined }),
      unicode().map((value): Value["kind"] => ({ case: "stringValue", value })),
      oddNumber.map((value): Value["kind"] => ({ case: "numberValue", value })),
      fc.constant<Value["kind"]>({ case: "nullValue", value: 0 }),
      fc.array(tie("value"), { maxLength: 3 }).map(listKind),
    )
    .map((kind) => create(ValueSchema, { kind })),
})).value;

function listKind(values: Value[]): Value["kind"] {
  return create(ValueSchema, { kind: { case: "listValue", value: { values } } }).kind;
}

const oddStruct = fc.dictionary(
  fc.oneof(unicode(), fc.constantFrom("aud", ...TREACHEROUS)),
  fc.oneof(oddNumber, fc.jsonValue()),
  { maxKeys: 4 },
) as fc.Arbitrary<NonNullable<MessageInitShape<typeof MintRequestSchema>["arbitraryClaims"]>>;

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const oddDuration = fc.record({
  seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  nanos: int32,
});

const oddTexts = fc.array(unicode(), { maxLength: 3 });

/** Requests of the RPC whose fields hold whatever their types let them. */
export const oddMessage: fc.Arbitrary<MessageInitShape<typeof MintRequestSchema>> = fc.record(
  {
    tenant: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("", "acme") }, { weight: 1, arbitrary: unicode() }),
    grantType: fc.oneof({ weight: 6, arbitrary: grantType }, { weight: 1, arbitrary: unicode() }),
    subject: unicode(300),
    issuer: fc.oneof(unicode(), fc.constant("https://accounts.google.com")),
    scopes: oddTexts,
    resources: oddTexts,
    arbitraryClaims: oddStruct,
    arbitraryJson: oddStruct,
    confirmation: oddStruct,
    customPayload: oddValue,
    arbitraryAmrs: oddTexts,
    arbitraryAudiences: oddTexts,
    accessTokenLifetime: oddDuration,
    idTokenLifetime: oddDuration,
    accessTokenType: int32 as fc.Arbitrary<AccessTokenType>,
    accessToken: unicode(),
    authority: fc.oneof(unicode(), fc.constant("wellknown://google")),
    idToken: unicode(),
  },
  { requiredKeys: ["grantType"] },
);
