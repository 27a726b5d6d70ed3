import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";

/**
 * A token of this mint that another was derived from: all that a revocation of it may go by. Plain JSON, as the derived
 * token and its grant's record have it.
 */
export interface Ancestor {
  /** Absent: an id_token, which has none. */
  readonly jti?: string | undefined;
  /** The client that it was issued to. */
  readonly client: string;
  readonly subject?: string | undefined;
  /** The client's namespace when it was issued. */
  readonly namespace?: string | undefined;
  /** When it was issued, in milliseconds since the Unix epoch. */
  readonly issuedAt: number;
  /** The key that signed it; absent for a reference token. */
  readonly kid?: string | undefined;
  /** The generation of the refresh key behind the MAC of a reference token's row. */
  readonly rowKey?: number | undefined;
}

/** The claim that tells which tokens a token was derived from. */
export const ANCESTORS_CLAIM = "derived_from";

/** The most ancestors of one token: whoever looks at it looks them all up. */
export const MAX_ANCESTORS = 8;

const NONE: readonly Ancestor[] = [];

/** The ancestors of a token by its claims; undefined if they cannot be read, so that nothing is known of the token. */
export function ancestorsIn({ [ANCESTORS_CLAIM]: claim }: JsonObject): readonly Ancestor[] | undefined {
  if (claim === undefined) return NONE;
  return Array.isArray(claim) && claim.length <= MAX_ANCESTORS && claim.every(isAncestor) ? claim : undefined;
}

/** Puts lists of ancestors together; each is there once. */
export function joinAncestors(...lists: readonly (readonly Ancestor[])[]): readonly Ancestor[] {
  const all = new Map(lists.flat().map((ancestor) => [ancestor.jti ?? JSON.stringify(ancestor), ancestor]));
  return [...all.values()];
}

const OPTIONAL = { jti: "string", subject: "string", namespace: "string", kid: "string", rowKey: "number" } as const;

function isAncestor(value: JsonValue): value is JsonValue & Ancestor {
  if (!isJsonObject(value) || typeof value.client !== "string" || typeof value.issuedAt !== "number") return false;
  return Object.entries(OPTIONAL).every(([name, type]) => value[name] === undefined || typeof value[name] === type);
}
