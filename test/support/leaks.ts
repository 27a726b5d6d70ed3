/** What no log, audit line, metric, span or printed line may contain, by its shape. */
const CONFIDENTIAL: Readonly<Record<string, RegExp>> = {
  "a JWT": /\beyJ[\w-]{8,}\.[\w-]*\.[\w-]+/,
  "a refresh token": /(?<![\w.-])[1-9]\d{0,8}\.[\w-]{22}\.(?:0|[1-9]\d{0,8})\.[\w-]{43}(?![\w-])/,
  // A kid has the shape of a reference token, but is public.
  "a reference token":
    /(?<!kids?\\*"?[:=[ ]+\\*"?)(?<![\w.-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{43}(?![\w-])/,
  credentials: /\b(?:[Bb]asic|[Bb]earer|[Dd][Pp]o[Pp]) (?=[a-z+/.~_-]*[A-Z\d])[\w+/.~-]{6,}/,
  "a secret": /\bDqzEVMBskRO3lz7J6GjZHJ1fENpSQGcE\b|\bhunter2\b|client_secret\\*"?[:=] ?\\*"?\w/,
  "a stored secret": /\b(?:sha256|scrypt):[\w$+/=,-]{16,}/,
  "a private key": /\bPRIVATE KEY\b|\\*"d\\*":\\*"[\w-]{20,}/,
};

/** Says what confidential things a text contains, without repeating them. */
export function leaksIn(text: string): readonly string[] {
  return Object.entries(CONFIDENTIAL).flatMap(([what, shape]) => {
    const found = shape.exec(text);
    return found === null
      ? []
      : [`${what} after ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index))}`];
  });
}

let sources: (() => string)[] = [];

/** Has what a test file's logs and the like contain searched once the file is done. `read`: all of it as one text. */
export function searchLater(read: () => string): void {
  sources.push(read);
}

/** What was found in all that was to be searched, which is forgotten. */
export function takeLeaks(): readonly string[] {
  const found = sources.flatMap((read) => leaksIn(read()));
  sources = [];
  return found;
}
