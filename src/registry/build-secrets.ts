import type { Problems } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import { doubtOf } from "./plain-secret.ts";
import { hashSecret, type SecretSource } from "./secret.ts";
import type { SecretHash } from "./tenant.ts";

/** What ids and secrets are checked against. */
interface CredentialContext {
  /** The most characters that an id or a secret may have. */
  readonly maxLength: number;
  /** The setting that says so. */
  readonly maxLengthPath: string;
  readonly variables: Variables;
}

/** Notes an id that is too long to be accepted in a request. */
export function checkId(id: string, context: CredentialContext, problems: Problems): void {
  if (id.length > context.maxLength) problems.add(`expected an id of ${atMost(context)}`);
}

/** The hashes of an entry's secrets, including those in variables. Notes every variable that holds no usable secret. */
export function resolveSecrets(
  sources: readonly SecretSource[],
  context: CredentialContext,
  problems: Problems,
): readonly SecretHash[] {
  return sources.flatMap((source, index) => {
    if (source.kind !== "env") return [source];
    const plain = context.variables[source.name] ?? "";
    const here = problems.at(index);
    const doubt = plain.length > context.maxLength ? `have ${atMost(context)}` : doubtOf(plain);
    if (plain === "") here.add(`the variable ${source.name} is missing or empty`);
    else if (doubt !== undefined) here.add(`expected the variable ${source.name} to ${doubt}`);
    return [hashSecret(plain)];
  });
}

function atMost({ maxLength, maxLengthPath }: CredentialContext): string {
  return `at most ${maxLength} characters (${maxLengthPath})`;
}
