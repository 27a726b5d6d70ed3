import fc from "fast-check";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/base/json.ts";
import { foldName } from "../../src/token/reserved-claims.ts";
import { callersClaims, claimValue, json, scopeName, unicode } from "./arbitraries.ts";
import type { Form } from "./doors.ts";
import { CLIENT_ID, SECRET } from "./tenant.ts";

/** Of whom and when a token is. */
export interface Circumstances {
  /** The tenant's issuer. */
  readonly issuer: string;
  /** Seconds since the Unix epoch. */
  readonly now: number;
}

/** A request that is granted, and all that its tokens say but for `jti` and `at_hash`. */
export interface Granted {
  readonly form: Form;
  accessToken(circumstances: Circumstances): JsonObject;
  readonly idToken?: ((circumstances: Circumstances) => JsonObject) | undefined;
}

const RESOURCE = "aggregator_service";

/** How deep JSON may be nested. */
const DEPTH = 8;

/** In seconds. */
const CONFIGURED_LIFETIME = 2_592_000;

const OTHER_ISSUER = "https://accounts.google.com";

/** The authority's prefix, and the subject of seed 003's id_token. */
const SUBJECT_OF_AUTHORITY = "myCompany.104758924428036663951";

/** The scopes that client_credentials never grants. */
const REFUSED = new Set(["offline_access", "openid"]);

/** What the client has in every token of arbitrary_identity. */
const FIXED = { nudibranch_watermark: "Daffy Duck" };

const strings = fc.array(unicode(), { maxLength: 3 });
/** Audiences, among them the client itself, which an id_token is for anyway. */
const audiences = fc.array(fc.oneof({ arbitrary: unicode(), weight: 4 }, fc.constant(CLIENT_ID)), { maxLength: 3 });
const filled = fc.array(unicode(), { minLength: 1, maxLength: 3 });
const subject = unicode(60).filter((text) => text !== "");
const scopes = fc.uniqueArray(scopeName, { maxLength: 4 });

/** What all grants take. */
const common = {
  claims: callersClaims(claimValue),
  payload: fc.option(json(DEPTH), { nil: undefined }),
  lifetime: fc.option(fc.integer({ min: 1, max: CONFIGURED_LIFETIME }), { nil: undefined }),
};

interface Common {
  readonly claims: JsonObject;
  readonly payload: JsonValue | undefined;
  readonly lifetime: number | undefined;
}

const scoped = {
  ...common,
  scopes,
  audiences,
  amrs: strings,
};

/** For every grant, requests with whatever it takes. */
export const granted: Readonly<Record<string, fc.Arbitrary<Granted>>> = {
  arbitrary_token: fc
    .record({
      ...common,
      subject: fc.option(subject, { nil: undefined }),
      set: fc.record(
        {
          aud: filled,
          amr: filled,
          azp: filled,
          scope: fc.array(scopeName, { minLength: 1, maxLength: 4 }),
          idp: unicode(),
          auth_time: fc.maxSafeNat(),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
      members: callersClaims(json(DEPTH - 1)),
    })
    .map(({ subject: sub, set, members, ...given }) => ({
      form: formOf("arbitrary_token", given, {
        issuer: OTHER_ISSUER,
        subject: sub ?? "",
        arbitrary_claims: JSON.stringify({ ...given.claims, ...set }),
        arbitrary_json: JSON.stringify(without(members, given.claims)),
      }),
      accessToken: (circumstances) => ({
        ...accessToken(given, circumstances),
        iss: OTHER_ISSUER,
        ...(sub !== undefined && { sub }),
        aud: [`${circumstances.issuer}/resources`],
        ...set,
        ...without(members, given.claims),
      }),
    })),

  arbitrary_no_subject: fc
    .record({ ...scoped, subject: fc.option(subject, { nil: undefined }) })
    .map(({ subject: sub, ...given }) => ({
      form: formOf("arbitrary_no_subject", given, {
        scope: given.scopes.join(" "),
        arbitrary_claims: JSON.stringify({ ...given.claims, ...(sub !== undefined && { sub }) }),
        arbitrary_audiences: listOf(given.audiences),
      }),
      accessToken: (circumstances) => ({
        ...accessToken(given, circumstances),
        ...(sub !== undefined && { sub }),
        aud: audienceOf(given, circumstances),
        ...scopeClaim(given.scopes.filter((scope) => scope !== "offline_access")),
      }),
    })),

  arbitrary_resource_owner: fc.record({ ...scoped, subject }).map((given) => ({
    form: formOf("arbitrary_resource_owner", given, { subject: given.subject, ...scopedForm(given) }),
    accessToken: (circumstances) => ofSubject("arbitrary_resource_owner", given.subject, given, circumstances),
  })),

  arbitrary_oidc_resource_owner: fc.record(scoped).map((given) => ({
    form: formOf("arbitrary_oidc_resource_owner", given, { authority: "wellknown://google", ...scopedForm(given) }),
    accessToken: (circumstances) => {
      const withAuthority = { ...given, amrs: ["pwd", ...given.amrs] };
      return ofSubject("arbitrary_oidc_resource_owner", SUBJECT_OF_AUTHORITY, withAuthority, circumstances);
    },
  })),

  arbitrary_identity: fc
    .record({ ...scoped, subject, scopes: fc.uniqueArray(scopeName, { minLength: 1, maxLength: 4 }) })
    .map((given) => ({
      form: formOf("arbitrary_identity", given, { subject: given.subject, ...scopedForm(given) }),
      accessToken: (circumstances) => ({
        ...ofSubject("arbitrary_identity", given.subject, given, circumstances),
        ...FIXED,
      }),
      idToken: ({ issuer, now }) => ({
        ...toldOf(given),
        ...moments(now, 300),
        iss: issuer,
        ...forClientAnd(given.audiences),
        ...local("arbitrary_identity", given.subject, given, now),
        ...FIXED,
      }),
    })),

  client_credentials: fc
    .record({ lifetime: common.lifetime, scopes: scopes.map((all) => all.filter((scope) => !REFUSED.has(scope))) })
    .map(({ lifetime, scopes: named }) => ({
      form: {
        grant_type: "client_credentials",
        client_id: CLIENT_ID,
        client_secret: SECRET,
        scope: named.join(" "),
        ...(lifetime !== undefined && { access_token_lifetime: String(lifetime) }),
      },
      accessToken: (circumstances) => ({
        ...accessToken({ claims: {}, payload: undefined, lifetime }, circumstances),
        sub: CLIENT_ID,
        aud: audienceOf({ scopes: named, audiences: [] }, circumstances),
        ...scopeClaim(named),
      }),
    })),
};

/** Whom an id_token is for, and who asked for it if those are several. */
function forClientAnd(audiences: readonly string[]): JsonObject {
  const aud = [...new Set([CLIENT_ID, ...audiences])];
  return aud.length > 1 ? { aud, azp: CLIENT_ID } : { aud };
}

interface Scoped extends Common {
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  readonly amrs: readonly string[];
}

function formOf(grant_type: string, { claims, payload: custom, lifetime }: Common, form: Form): Form {
  return {
    grant_type,
    client_id: CLIENT_ID,
    client_secret: SECRET,
    arbitrary_claims: JSON.stringify(claims),
    ...(custom !== undefined && { custom_payload: JSON.stringify(custom) }),
    ...(lifetime !== undefined && { access_token_lifetime: String(lifetime) }),
    ...form,
  };
}

function scopedForm({ scopes: named, audiences, amrs }: Scoped): Form {
  return { scope: named.join(" "), arbitrary_audiences: listOf(audiences), arbitrary_amrs: listOf(amrs) };
}

/** A list as a parameter; an empty one is left out, as the RPC cannot tell it from none. */
function listOf(list: readonly string[]): string {
  return list.length === 0 ? "" : JSON.stringify(list);
}

/** The caller's claims as a token tells them. */
function toldOf({ claims, payload: custom }: Common): JsonObject {
  const told = Object.entries(claims).map(([name, value]) => [
    name,
    Array.isArray(value) && value.length === 1 && typeof value[0] === "string" ? value[0] : value,
  ]);
  return { ...Object.fromEntries(told), ...(custom !== undefined && { custom_payload: custom }) };
}

function accessToken(given: Common, { issuer, now }: Circumstances): JsonObject {
  return {
    ...toldOf(given),
    ...moments(now, given.lifetime ?? CONFIGURED_LIFETIME),
    iss: issuer,
    client_id: CLIENT_ID,
  };
}

function moments(now: number, lifetime: number): JsonObject {
  return { nbf: now, iat: now, exp: now + lifetime };
}

function ofSubject(grantType: string, sub: string, given: Scoped, circumstances: Circumstances): JsonObject {
  return {
    ...accessToken(given, circumstances),
    ...local(grantType, sub, given, circumstances.now),
    aud: audienceOf(given, circumstances),
    ...scopeClaim(given.scopes),
  };
}

/** What a token says of a subject who was authenticated here and now. */
function local(grantType: string, sub: string, { amrs }: Scoped, now: number): JsonObject {
  return { sub, auth_time: now, idp: "local", amr: [grantType, ...amrs] };
}

function audienceOf(
  { scopes: named, audiences }: Pick<Scoped, "scopes" | "audiences">,
  { issuer }: Circumstances,
): readonly string[] {
  const resources = named
    .filter((scope) => !["offline_access", "openid", "email"].includes(scope))
    .map((scope) => (scope.startsWith(`${RESOURCE}.`) ? RESOURCE : scope));
  return [...new Set([`${issuer}/resources`, ...resources.sort(), ...audiences])];
}

function scopeClaim(named: readonly string[]): JsonObject {
  return named.length === 0 ? {} : { scope: named.toSorted() };
}

/** The members but for those whose name others have, whatever its case. */
function without(members: JsonObject, others: JsonObject): JsonObject {
  const taken = new Set(Object.keys(others).map(foldName));
  return Object.fromEntries(Object.entries(members).filter(([name]) => !taken.has(foldName(name))));
}

/** JSON as text, with its members in order of their names, and no more of a number than JSON keeps. */
export function canonical(value: JsonObject): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
