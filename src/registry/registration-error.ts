/** Why a registration is not written. */
type RegistrationRefusal =
  /** Somebody else has written it since the caller has seen it. */
  | "stale"
  /** The entry is the file's, which only an editor of the file can change. */
  | "file"
  /** The entry breaks rules. */
  | "invalid"
  /** What is there cannot be read by this program, or this mint did not write it. */
  | "unusable"
  /** There is no such tenant. */
  | "no tenant"
  /** There is nothing to delete. */
  | "missing"
  /** The tenant still has clients. */
  | "in use"
  /** A deleted tenant had this name or this issuer, and a token of its may still be alive. */
  | "kept";

/** A registration that is not written, without any effect. The message has one line for each problem, and no secret. */
export class RegistrationError extends Error {
  override readonly name = "RegistrationError";
  readonly why: RegistrationRefusal;
  /** Each begins with the place of what is wrong, if that is in the entry: `clients.billing.scopes[0]: …`. */
  readonly problems: readonly string[];

  constructor(why: RegistrationRefusal, problems: readonly string[]) {
    super(problems.join("\n"));
    this.why = why;
    this.problems = problems;
  }
}
