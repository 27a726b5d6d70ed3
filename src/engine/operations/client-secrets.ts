import type { Instant } from "../../base/clock.ts";
import type { StoredEntry, StoredSecret } from "../../registry/document.ts";
import { isPublicSecret } from "../../registry/public-secret.ts";
import { isHolder, parseSecret, sha256Entry } from "../../registry/secret.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { RequestContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { AddedSecret, AddSecretRequest, ChangedClient, RemoveSecretRequest } from "../registry-request.ts";
import { change, clientIn } from "./clients.ts";
import type { Done } from "./operation.ts";
import { notThere } from "./registry.ts";

/** The most secrets that a client may have at once: enough for a rotation in which they overlap. */
const MAX_SECRETS = 5;

/** How many random bytes a secret and the id of one have. */
const [SECRET_BYTES, ID_BYTES] = [32, 9];

/**
 * Makes another secret for a client, and tells it once, or takes the hash of one that the client has from elsewhere. Those
 * that it has stay, so that a rotation overlaps. For operators only.
 *
 * Throws OAuthError `invalid_request`: if the times or the hash make no sense, as `failed_precondition` if it has too many
 * secrets, and as other changes do.
 */
export async function addClientSecret(
  context: RequestContext,
  operator: Operator,
  request: AddSecretRequest,
): Promise<Done<AddedSecret>> {
  const { now } = context.reading;
  const { notBefore, expiresAt, hash } = request;
  checkTimes(notBefore, expiresAt, now);
  checkHash(hash);
  const plain = text(context, SECRET_BYTES);
  const made: StoredSecret = {
    id: text(context, ID_BYTES),
    hash: hash ?? sha256Entry(plain),
    createdAt: now,
    ...(notBefore !== undefined && { notBefore }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  let there: StoredSecret | undefined;
  const { answer, event, isRepeated } = await change(
    context,
    operator,
    request,
    "secret_added",
    ["secrets"],
    (current) => {
      there = current?.secrets.find((each) => each.hash === hash && isLive(each, now));
      return there === undefined ? withSecret(current, made, request, now) : current;
    },
  );
  const isNew = !isRepeated && request.validateOnly !== true;
  const secretId = there?.id ?? (isNew ? made.id : (answer.client?.secrets.at(-1)?.id ?? ""));
  return { answer: { ...answer, secretId, secret: isNew && hash === undefined ? plain : undefined }, event };
}

/** Ends a secret of a client. For operators only. Throws OAuthError `invalid_request`, as other changes do. */
export async function removeClientSecret(
  context: RequestContext,
  operator: Operator,
  request: RemoveSecretRequest,
): Promise<Done<ChangedClient>> {
  const { secret } = request;
  if (secret === undefined) throw new OAuthError("invalid_request", "secret is required.");
  return change(context, operator, request, "secret_removed", ["secrets"], (current) => {
    if (current === undefined) throw notThere("client", clientIn(request));
    const secrets = current.secrets.filter(({ id }) => id !== secret);
    if (secrets.length === current.secrets.length)
      throw new OAuthError("invalid_request", "The client has no such secret.", { conflict: "not_found" });
    return { ...current, secrets };
  });
}

/** Expired secrets make room. */
function withSecret(
  current: StoredEntry | undefined,
  made: StoredSecret,
  request: AddSecretRequest,
  now: Instant,
): StoredEntry {
  if (current === undefined) throw notThere("client", clientIn(request));
  const live = current.secrets.filter((each) => isLive(each, now));
  if (live.length >= MAX_SECRETS) {
    throw new OAuthError("invalid_request", `The client has ${MAX_SECRETS} secrets: remove one first.`, {
      conflict: "failed_precondition",
    });
  }
  return { ...current, secrets: [...live, made] };
}

function isLive({ expiresAt }: StoredSecret, now: Instant): boolean {
  return expiresAt === undefined || expiresAt > now;
}

/** The hash itself is not repeated: it may be a secret in the wrong place. */
function checkHash(hash: string | undefined): void {
  if (hash === undefined) return;
  const parsed = parseSecret(hash);
  if (parsed === undefined || isHolder(parsed)) {
    throw new OAuthError(
      "invalid_request",
      "hash must be the hash of a secret as the configuration file writes it: sha256: or scrypt: and what follows.",
    );
  }
  if (isPublicSecret(parsed)) {
    throw new OAuthError(
      "invalid_request",
      "hash must be of a secret that nobody else knows: this is a well-known one.",
    );
  }
}

function checkTimes(notBefore: Instant | undefined, expiresAt: Instant | undefined, now: Instant): void {
  if (expiresAt === undefined) return;
  if (expiresAt <= now) throw new OAuthError("invalid_request", "expire_time must be in the future.");
  if (notBefore !== undefined && expiresAt <= notBefore)
    throw new OAuthError("invalid_request", "expire_time must be later than not_before.");
}

function text({ random }: RequestContext, length: number): string {
  return Buffer.from(random.bytes(length)).toString("base64url");
}
