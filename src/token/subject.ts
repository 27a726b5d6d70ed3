/**
 * Whether a text can be a subject, or a part of one, that comes from elsewhere: well-formed Unicode without control
 * characters, so that every reader and every log has the same of it.
 */
export function isSubjectText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
