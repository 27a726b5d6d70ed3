/** The values of all fields with that name. `fields`: the names and values of a header in turn, as received. */
export function fieldValues(fields: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const field = fields[at] ?? "";
    // The length first: most names differ in it, and a dozen names are looked for in every request.
    if (field.length === name.length && field.toLowerCase() === name) values.push(fields[at + 1] ?? "");
  }
  return values;
}

/**
 * Joins all values with that name by commas (RFC 9110 section 5.3); undefined if there is none. Node's own `headers`
 * keeps only the first of several `authorization` fields. Joined they are malformed, so nobody has to guess which one
 * counts.
 */
export function joinedField(fields: readonly string[], name: string): string | undefined {
  const values = fieldValues(fields, name);
  return values.length === 0 ? undefined : values.join(", ");
}
