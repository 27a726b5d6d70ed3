import { OAuthError } from "../engine/errors.ts";

/** The parameters of a form by name, without empty ones, which count as omitted (RFC 6749 section 3.2). */
export interface Form extends ReadonlyMap<string, string> {
  /** All values of a parameter that may have several, in their order. */
  all(name: string): readonly string[];
}

/** The most parameters that a form may have, known or not. */
const MAX_PARAMETERS = 64;

/** The media type of a form. */
export const FORM_TYPE = "application/x-www-form-urlencoded";

/** Some clients write the charset without its hyphen, or a semicolon with nothing after it. */
const CONTENT_TYPE = new RegExp(`^${FORM_TYPE}\\s*(?:;\\s*charset=(?:utf-?8|"utf-?8")\\s*)?(?:;\\s*)?$`, "i");

/** The parameters that may have several values (RFC 8707 section 2, RFC 8693 section 2.1). */
const REPEATABLE = new Set(["resource", "audience"]);

/** The other parameters that have a meaning here. Each may have only one value. */
const KNOWN = new Set([
  ...["grant_type", "client_id", "client_secret", "subject", "issuer", "scope", "arbitrary_claims", "arbitrary_json"],
  ...["custom_payload", "arbitrary_amrs", "arbitrary_audiences", "access_token_lifetime", "id_token_lifetime"],
  ...["access_token_type", "access_token", "authority", "id_token", "refresh_token", "token", "token_type_hint"],
  ...["revoke_all_subjects", "confirmation", "subject_token", "subject_token_type", "actor_token", "actor_token_type"],
  ...["requested_token_type", "request_context", "request_details"],
  ...["client_assertion", "client_assertion_type", "assertion"],
]);

/** The syntax of a parameter's name (RFC 6749 section 8.2). */
const PARAMETER_NAME = /^[\w.-]{1,64}$/;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Throws OAuthError `invalid_request` unless there is one `Content-Type`, and it is that of a form in UTF-8 (RFC 6749
 * section 3.2). `contentTypes`: the values of all such fields.
 */
export function requireFormType(contentTypes: readonly string[]): void {
  const [contentType, second] = contentTypes;
  if (second !== undefined) throw new OAuthError("invalid_request", "Content-Type is given more than once.");
  if (contentType !== undefined && CONTENT_TYPE.test(contentType)) return;
  throw new OAuthError("invalid_request", `Content-Type must be ${FORM_TYPE}, in UTF-8.`);
}

/**
 * Parses a form (RFC 6749 appendix B). Characters that should be percent-encoded but are not in hand-written JSON
 * (quotes, brackets, spaces, line breaks) stand for themselves; `+` is a space, and `%` must begin an escape.
 *
 * Throws OAuthError `invalid_request` if the text is not UTF-8, an escape is malformed, there are too many
 * parameters, or a known one has two values (RFC 6749 section 3.2). Of an unknown one, the first value is kept.
 * Parameters without a value count as omitted, so `a=&a=1` has one.
 */
export function parseForm(body: Uint8Array): Form {
  const pairs = decodeUtf8(body).split("&", MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) {
    throw new OAuthError("invalid_request", `The form has more than ${MAX_PARAMETERS} parameters.`);
  }
  const form = new ParsedForm();
  for (const pair of pairs) addPair(form, pair);
  return form;
}

class ParsedForm extends Map<string, string> implements Form {
  readonly #further = new Map<string, string[]>();

  all(name: string): readonly string[] {
    const first = this.get(name);
    return first === undefined ? [] : [first, ...(this.#further.get(name) ?? [])];
  }

  add(name: string, value: string): void {
    if (!this.has(name)) this.set(name, value);
    else if (REPEATABLE.has(name)) this.#further.set(name, [...(this.#further.get(name) ?? []), value]);
    else if (KNOWN.has(name)) throw new OAuthError("invalid_request", `${name} is given more than once.`);
  }
}

function addPair(form: ParsedForm, pair: string): void {
  const equals = pair.indexOf("=");
  if (equals === -1 || equals === pair.length - 1) return;
  const name = unescapePart(pair.slice(0, equals), () => "A parameter's name");
  const value = unescapePart(pair.slice(equals + 1), () => nameOf(name));
  form.add(name, value);
}

/** Names a parameter in a refusal. Text that cannot be a name may be part of an unescaped value, and is not quoted. */
function nameOf(name: string): string {
  return PARAMETER_NAME.test(name) ? name : "A parameter";
}

function unescapePart(text: string, what: () => string): string {
  // Most names and many values have nothing to decode, and decoding takes ten times as long as finding that out.
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new OAuthError("invalid_request", `${what()} is not percent-encoded UTF-8.`);
  }
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new OAuthError("invalid_request", "The form is not UTF-8.");
  }
}
