import * as z from "zod";
import { isJsonObject, type JsonObject, type JsonValue, parseExactJson } from "../../base/json.ts";
import type { Ancestor } from "../../token/ancestor.ts";
import type { Approval } from "../policy.ts";

/** Passed on as it is: a copy could lose a name such as `__proto__`. */
const jsonObject = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue));

const lifetime = z.int().min(1);

/**
 * What version 0 holds: an approval, by the names of its members at that time, and no version. Nothing may be there that
 * is not known: it may restrict the grant, and a token without the restriction would be worse than none.
 */
const versionZero = z.strictObject({
  grantType: z.string(),
  issuer: z.string(),
  subject: z.string().optional(),
  scopes: z.array(z.string()),
  showsOfflineAccess: z.boolean(),
  audience: z.array(
    z.strictObject({
      name: z.string(),
      scopes: z.array(z.string()).optional(),
      added: z.literal(true).optional(),
    }),
  ),
  authTime: z.int().optional(),
  idp: z.string().optional(),
  amr: z.array(z.string()).optional(),
  claims: jsonObject,
  identifies: z.boolean(),
  fixedClaims: jsonObject,
  mark: jsonObject,
  accessTokenType: z.enum(["jwt", "reference"]),
  accessTokenLifetime: lifetime,
  idTokenLifetime: lifetime,
});

/**
 * Version 1 says its version, and the rest as version 0 does: while nodes of both versions share a store, the older ones
 * read it as theirs.
 */
const versionOne = versionZero.extend({ version: z.literal(1) });

/**
 * Version 2 may restrict a grant in ways that older programs would not keep, so it is written only if one of them
 * applies: they refuse such a row, and go on reading all others.
 */
const versionTwo = versionZero.extend({
  version: z.literal(2),
  latestExpiry: z.int().optional(),
  confirmation: jsonObject.optional(),
  actor: jsonObject.optional(),
});

/**
 * Version 3 is for what older programs do not know: grants that were derived from tokens, and die with any of those, and
 * grants whose client has to prove a key.
 */
const versionThree = versionTwo.extend({
  version: z.literal(3),
  ancestors: z
    .array(
      z.strictObject({
        jti: z.string().optional(),
        client: z.string(),
        subject: z.string().optional(),
        namespace: z.string().optional(),
        issuedAt: z.int(),
        kid: z.string().optional(),
        rowKey: z.int().optional(),
      }),
    )
    .optional(),
  mayAct: jsonObject.optional(),
  isHeldByClient: z.literal(true).optional(),
  clientKey: jsonObject.optional(),
});

/** The newest version that this program reads. A row keeps the version it was written in while its grant lives. */
const NEWEST = 3;

type Stored = Omit<z.output<typeof versionTwo>, "version"> &
  Partial<Pick<z.output<typeof versionThree>, "ancestors" | "mayAct" | "isHeldByClient" | "clientKey">>;

/** A reader for every version that was ever written. */
const readers: ReadonlyMap<unknown, z.ZodType<Stored>> = new Map<unknown, z.ZodType<Stored>>([
  [undefined, versionZero],
  [1, versionOne.transform(({ version: _, ...rest }) => rest)],
  [2, versionTwo.transform(({ version: _, ...rest }) => rest)],
  [3, versionThree.transform(({ version: _, ...rest }) => rest)],
]);

/** A stored grant that no reader of this program understands. Its message names members, never what they hold. */
class UnreadableGrantError extends Error {
  override readonly name = "UnreadableGrantError";
}

/** What was granted, as it is stored with the grant. */
export function writeGrantRecord(approval: Approval): string {
  const { issuesIdToken, listsOfflineAccess, namespaceClaim, ...same } = approval;
  const renamed = { identifies: issuesIdToken, showsOfflineAccess: listsOfflineAccess, mark: namespaceClaim };
  return JSON.stringify({ version: versionFor(approval), ...same, ...renamed });
}

/** The oldest version that holds all of it, so that as many programs as possible can read it. */
function versionFor(approval: Approval): number {
  const { latestExpiry, confirmation, actor, ancestors, mayAct, isHeldByClient, clientKey } = approval;
  if (ancestors !== undefined || mayAct !== undefined || isHeldByClient || clientKey !== undefined) return 3;
  return latestExpiry === undefined && confirmation === undefined && actor === undefined ? 1 : 2;
}

/** Reads what {@link writeGrantRecord} of this or an earlier version wrote. Throws {@link UnreadableGrantError}. */
export function readGrantRecord(text: string): Approval {
  const value = parse(text);
  const version = isJsonObject(value) ? value.version : undefined;
  const reader = readers.get(version);
  if (reader === undefined) {
    throw new UnreadableGrantError(`A stored grant is of another version; the newest one known here is ${NEWEST}.`);
  }
  const read = reader.safeParse(value);
  if (!read.success) throw new UnreadableGrantError(`A stored grant cannot be read: ${membersOf(read.error)}.`);
  const { identifies, showsOfflineAccess, mark, ...same } = read.data;
  return { ...same, issuesIdToken: identifies, listsOfflineAccess: showsOfflineAccess, namespaceClaim: mark };
}

const NO_ANCESTORS: readonly Ancestor[] = [];

/**
 * The tokens that a stored grant was derived from: the grant dies with any of them. A record that does not even have the
 * word is not parsed for it. Throws {@link UnreadableGrantError}.
 */
export function ancestorsInRecord(text: string): readonly Ancestor[] {
  if (!text.includes('"ancestors":')) return NO_ANCESTORS;
  return readGrantRecord(text).ancestors ?? NO_ANCESTORS;
}

function parse(text: string): JsonValue {
  try {
    return parseExactJson(text);
  } catch {
    // Without the parser's error, which quotes the text.
    throw new UnreadableGrantError("A stored grant is not JSON.");
  }
}

function membersOf({ issues }: z.ZodError): string {
  return issues.map(({ path, code }) => `${path.join(".") || "the record"} (${code})`).join(", ");
}
