import type { Problems } from "../schema/problems.ts";
import { doubtOf } from "./plain-secret.ts";
import { hashSecret, isHolder, type ReadSecret, type SecretHolder, type SecretSource } from "./secret.ts";
import type { SecretHash } from "./tenant.ts";

/** What ids and secrets are checked against. */
interface CredentialContext {
  /** The most characters that an id or a secret may have. */
  readonly maxLength: number;
  /** The setting that says so. */
  readonly maxLengthPath: string;
  readonly readSecret: ReadSecret;
}

/** What it can mean that nothing could be read. */
const NOTHING = { env: "missing or empty", file: "missing or empty, or may not be read" } as const;

/** Notes an id that is too long to be accepted in a request. */
export function checkId(id: string, context: CredentialContext, problems: Problems): void {
  if (id.length > context.maxLength) problems.add(`expected an id of ${atMost(context)}`);
}

/** The hashes of an entry's secrets, including those in variables and files. Notes whatever holds no usable secret. */
export function resolveSecrets(
  sources: readonly SecretSource[],
  context: CredentialContext,
  problems: Problems,
): readonly SecretHash[] {
  return sources.flatMap((source, index) => {
    if (!isHolder(source)) return [source];
    const plain = context.readSecret(source) ?? "";
    const here = problems.at(index);
    const doubt = plain.length > context.maxLength ? `have ${atMost(context)}` : doubtOf(plain);
    if (plain === "") here.add(`${describeHolder(source)} is ${NOTHING[source.kind]}`);
    else if (doubt !== undefined) here.add(`expected ${describeHolder(source)} to ${doubt}`);
    return [hashSecret(plain)];
  });
}

/** Names what holds a secret, for operators. */
export function describeHolder({ kind, name }: SecretHolder): string {
  return `the ${kind === "env" ? "variable" : "file"} ${name}`;
}

function atMost({ maxLength, maxLengthPath }: CredentialContext): string {
  return `at most ${maxLength} characters (${maxLengthPath})`;
}
