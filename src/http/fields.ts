/** The values of every field of that name. `fields`: the names and values of a header, by turns, as they came. */
export function fieldValues(fields: readonly string[], name: string): readonly string[] {
  return fields.filter((_, index) => index % 2 === 1 && fields[index - 1]?.toLowerCase() === name);
}
