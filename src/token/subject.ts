/**
 * Whether a text from elsewhere can be a subject or a part of one: well-formed Unicode without control characters, so
 * that every reader and every log sees the same text.
 */
export function isSubjectText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
