import { createHash } from "node:crypto";
import { type KeyDescription, type Rotation, type RotationOrder, UnknownKeyError } from "../../keyring/port.ts";
import type { Client, Operator } from "../../registry/tenant.ts";
import type { TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { Done } from "../operation.ts";
import type { ClientRevocation, RevokeClientRequest, RotateRequest } from "../request.ts";
import { revokeClientTokens } from "../tokens/revoke-subject.ts";

/** The longest idempotency key, in characters. */
const MAX_IDEMPOTENCY_KEY = 255;

/** A client's id, configured or not (RFC 6749 appendix A.1). */
const CLIENT_ID = /^[\x20-\x7e]{1,1024}$/;

/**
 * Makes the next key of a tenant, or says what that would do. For operators, never clients.
 *
 * Throws OAuthError `invalid_request` if what the operator asks for makes no sense.
 */
export async function rotate(
  context: TenantContext,
  { id: operator }: Operator,
  request: RotateRequest,
): Promise<Done<Rotation>> {
  const { mode = "graceful", use = "signing", kid, dryRun = false, idempotencyKey } = request;
  if ((idempotencyKey?.length ?? 0) > MAX_IDEMPOTENCY_KEY) {
    throw new OAuthError("invalid_request", `idempotency_key is too long: at most ${MAX_IDEMPOTENCY_KEY} characters.`);
  }
  if (kid !== undefined && mode !== "compromised") {
    throw new OAuthError("invalid_request", "kid names the leaked key: it goes with the mode compromised alone.");
  }
  const name = requestName([operator, mode, use, kid ?? null], idempotencyKey, context);
  const rotation = await rotateKnown(context, { mode, use, kid, dryRun, request: name });
  const { generation } = rotation.keys.at(-1) ?? {};
  return { answer: rotation, event: { event: "key_rotated", mode, use, generation, dryRun } };
}

/** Every generation of the tenant's keys, never a private part. */
export async function listKeys({ keyring, clock }: TenantContext): Promise<Done<readonly KeyDescription[]>> {
  // Another node may have made a key, or compromised one, since the last poll.
  await keyring.read();
  return { answer: keyring.describe(clock.now()), event: { event: "keys_listed" } };
}

/**
 * Ends all that a client minted before this call, and nothing that it mints after the answer. For operators, never
 * clients. The client may be disabled, or configured no longer.
 *
 * Throws OAuthError `invalid_request` if the operator names no client.
 */
export async function revokeClient(
  context: TenantContext,
  _operator: Operator,
  { client }: RevokeClientRequest,
): Promise<Done<ClientRevocation>> {
  if (client === undefined) throw new OAuthError("invalid_request", "client is required.");
  if (!CLIENT_ID.test(client)) {
    throw new OAuthError("invalid_request", "client must be a client's id: 1 to 1024 characters of printable ASCII.");
  }
  await revokeClientTokens(context, client);
  const answer = { warnings: warningsOf(context.tenant.clients.get(client)) };
  return { answer, event: { event: "client_revoked", revokedClient: client } };
}

/** What a revocation does not reach. */
function warningsOf(client: Client | undefined): readonly string[] {
  const state =
    client === undefined
      ? ["No client of that id is configured. If it never was, nothing was revoked: check the id."]
      : client.enabled
        ? ["The client can mint again. If its secret has leaked, replace it on every node and call this again."]
        : [];
  return [
    ...state,
    "Verifiers that do not introspect accept its JWTs until they expire.",
    "What other clients minted from its access tokens stays alive: revoke their subjects, or those clients.",
  ];
}

async function rotateKnown(context: TenantContext, order: RotationOrder): Promise<Rotation> {
  try {
    return await context.keyring.rotate(order);
  } catch (error) {
    if (error instanceof UnknownKeyError)
      throw new OAuthError("invalid_request", "kid must name a key of that use of the tenant.");
    throw error;
  }
}

/** Names the request in the row of the key that it makes: the same for a retry, and never what the operator wrote. */
function requestName(
  what: readonly (string | null)[],
  idempotencyKey: string | undefined,
  { random }: TenantContext,
): string {
  const unique = idempotencyKey ?? Buffer.from(random.bytes(16)).toString("hex");
  const kind = idempotencyKey === undefined ? "once" : "idempotent";
  return createHash("sha256")
    .update(JSON.stringify([kind, ...what, unique]))
    .digest("base64url");
}
