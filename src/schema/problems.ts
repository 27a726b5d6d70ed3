/** A place in the configuration: keys and positions, from the top. */
export type Path = readonly PropertyKey[];

/** The configuration is not valid. The message has one line for each problem, and never a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Collects problems, or warnings, so that all of them can be reported at once. */
export class Problems {
  readonly #lines: Set<string>;
  readonly #path: Path;

  constructor(lines: Set<string> = new Set(), path: Path = []) {
    this.#lines = lines;
    this.#path = path;
  }

  /** The same collection, at a place further down. */
  at(...steps: Path): Problems {
    return new Problems(this.#lines, [...this.#path, ...steps]);
  }

  /** Notes what is wrong here. */
  add(what: string): void {
    const where = formatPath(this.#path);
    this.#lines.add(where === "" ? what : `${where}: ${what}`);
  }

  /** One line for each problem, wherever it was noted. */
  list(): readonly string[] {
    return [...this.#lines];
  }

  /** Throws a {@link ConfigError} with all problems, if there are any. */
  throwIfAny(): void {
    if (this.#lines.size > 0) throw new ConfigError(this.list());
  }
}

/** Formats a place, such as `tenants.acme.authorities["wellknown://google"].audiences[0]`. */
export function formatPath(path: Path): string {
  return path.map(formatStep).join("").replace(/^\./, "");
}

function formatStep(step: PropertyKey): string {
  if (typeof step === "number") return `[${step}]`;
  const key = String(step);
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
