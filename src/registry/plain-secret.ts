/** A placeholder that nobody has filled in, in any notation. */
const PLACEHOLDER = /\$?\{[^{}]*\}|<[^<>]*>|\$\(/;

/** The fewest characters of a secret in plain text, so that guessing with every request never finds it. */
const MIN_LENGTH = 16;

/** Why a secret in plain text is not usable, to follow "expected the variable NAME to" or the like; undefined if it is usable. */
export function doubtOf(plain: string): string | undefined {
  if (/[^\x20-\x7e]/.test(plain)) {
    return "be printable ASCII: it contains another character, such as a newline at its end (write it with printf, not echo)";
  }
  if (PLACEHOLDER.test(plain)) return "be a real secret, not a placeholder such as {…} or <…>";
  if (plain.length < MIN_LENGTH) return `have at least ${MIN_LENGTH} characters`;
  return isOneCharacter(plain) ? "be a real secret, not one repeated character" : undefined;
}

/** Whether a client that forgets to form-encode it would send another text (RFC 6749 section 2.3.1). */
export function changesUnderFormEncoding(text: string): boolean {
  return /[+%]/.test(text);
}

function isOneCharacter(text: string): boolean {
  return text === text.charAt(0).repeat(text.length);
}
