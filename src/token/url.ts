/** A URL with a path below it: exactly one slash is between them, though the URL may end in slashes itself. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
}
