/** A member with a time in it, or none if there is no such time. `instant`: milliseconds since the Unix epoch. */
export function printedTime<Name extends string>(name: Name, instant: number | undefined): { [name in Name]?: string } {
  return instant === undefined ? {} : ({ [name]: new Date(instant).toISOString() } as { [name in Name]: string });
}

/** A printed time to the minute, for tables. */
export function readable(time = ""): string {
  return time.slice(0, "2026-01-01T00:00".length).replace("T", " ");
}
