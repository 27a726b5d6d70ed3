import type { EntryKind } from "../../registry/entries.ts";
import type { Change } from "../../registry/registration-change.ts";
import { RegistrationError } from "../../registry/registration-error.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { ClientChange } from "../../telemetry/performed.ts";
import type { InstanceContext } from "../context.ts";
import { type Conflict, OAuthError } from "../errors.ts";
import { checkIdempotencyKey, requestName } from "./idempotency.ts";

/** How each reason not to write is told. */
const conflicts: Readonly<Record<RegistrationError["why"], Conflict | undefined>> = {
  stale: "aborted",
  file: "failed_precondition",
  invalid: undefined,
  unusable: "failed_precondition",
  "no tenant": "not_found",
  missing: "not_found",
  "in use": "failed_precondition",
  kept: "failed_precondition",
};

/** A change, but for what follows from the request. */
type Wanted = Omit<Change, "request" | "does"> & { readonly idempotencyKey?: string | undefined };

/** Everything that a request asks for, and what it does. */
interface Asked {
  readonly what: ClientChange;
}

/**
 * Writes an entry. `asked`: everything that the request asks for, so that a key that is used again for something else is no
 * retry. Throws OAuthError `invalid_request`, whose conflict says why.
 */
export async function writeEntry(
  { registrations }: Pick<InstanceContext, "registrations">,
  { id: operator }: Operator,
  { idempotencyKey, ...wanted }: Wanted,
  asked: Asked,
) {
  checkIdempotencyKey(idempotencyKey);
  const request =
    idempotencyKey === undefined ? undefined : requestName("idempotent", [operator, asked], idempotencyKey);
  try {
    return await registrations.write({ ...wanted, does: effectOf(asked.what), request });
  } catch (error) {
    throw error instanceof RegistrationError ? refusalOf(error) : error;
  }
}

/** The refusal of what is already there. */
export function alreadyThere(kind: EntryKind, id: string): OAuthError {
  return new OAuthError("invalid_request", `The ${kind} ${id} already exists.`, { conflict: "already_exists" });
}

/** The refusal of what is not there. */
export function notThere(kind: EntryKind, id: string): OAuthError {
  return new OAuthError("invalid_request", `There is no ${kind} ${id}.`, { conflict: "not_found" });
}

function effectOf(what: ClientChange): Change["does"] {
  if (what === "created") return "create";
  return what === "deleted" ? "delete" : "change";
}

function refusalOf({ why, problems }: RegistrationError): OAuthError {
  const conflict = conflicts[why];
  // A description has no double quotes (RFC 6749 section 5.2).
  const message = problems.join("; ").replaceAll('"', "'");
  return new OAuthError("invalid_request", message.endsWith("?") ? message : `${message}.`, conflict && { conflict });
}
