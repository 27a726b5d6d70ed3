/** What is left of a placeholder that nobody filled in, in whatever notation. */
const PLACEHOLDER = /\$?\{[^{}]*\}|<[^<>]*>|\$\(/;

/** The fewest characters of a secret in plain text: a guess at each request must never find it. */
const MIN_LENGTH = 16;

/** Why a secret in plain text cannot be meant, in words that follow "expected the variable NAME to"; undefined if it can. */
export function doubtOf(plain: string): string | undefined {
  if (/[^\x20-\x7e]/.test(plain)) {
    return "be printable ASCII: it has another character, such as a newline at its end (write it with printf, not echo)";
  }
  if (PLACEHOLDER.test(plain)) return "hold a secret, not a placeholder such as {…} or <…>";
  if (plain.length < MIN_LENGTH) return `have at least ${MIN_LENGTH} characters`;
  return isOneCharacter(plain) ? "hold a secret, not one character over and over" : undefined;
}

/** Whether a client that sends it without form-encoding it would be read as sending another (RFC 6749 section 2.3.1). */
export function changesUnderFormEncoding(text: string): boolean {
  return /[+%]/.test(text);
}

function isOneCharacter(text: string): boolean {
  return text === text.charAt(0).repeat(text.length);
}
