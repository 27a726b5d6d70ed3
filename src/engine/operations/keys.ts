import { type KeyDescription, type Rotation, type RotationOrder, UnknownKeyError } from "../../keyring/port.ts";
import type { Client, Operator } from "../../registry/tenant.ts";
import type { RequestContext, TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { ClientRevocation, RevokeClientRequest, RotateRequest } from "../request.ts";
import { revokeClientTokens } from "../tokens/revoke-subject.ts";
import { checkIdempotencyKey, requestName } from "./idempotency.ts";
import type { Done } from "./operation.ts";

/** The syntax of a client's id (RFC 6749 appendix A.1). The client need not be configured. */
const CLIENT_ID = /^[\x20-\x7e]{1,1024}$/;

/**
 * Rotates a key of a tenant, or says what that would do. For operators only.
 *
 * Throws OAuthError `invalid_request` if the request makes no sense.
 */
export async function rotate(
  context: RequestContext,
  { id: operator }: Operator,
  request: RotateRequest,
): Promise<Done<Rotation>> {
  const { mode = "graceful", use = "signing", kid, dryRun = false, idempotencyKey } = request;
  checkIdempotencyKey(idempotencyKey);
  if (kid !== undefined && mode !== "compromised") {
    throw new OAuthError("invalid_request", "kid names the leaked key: it is only allowed with the mode compromised.");
  }
  const name = nameOf([operator, mode, use, kid ?? null], idempotencyKey, context);
  const rotation = await rotateKnown(context, { mode, use, kid, dryRun, request: name });
  const { generation } = rotation.keys.at(-1) ?? {};
  return { answer: rotation, event: { event: "key_rotated", mode, use, generation, dryRun } };
}

/** Lists every generation of the tenant's keys, never a private part. */
export async function listKeys({ keyring, clock }: TenantContext): Promise<Done<readonly KeyDescription[]>> {
  // Another node may have made a key, or marked one compromised, since this one last read them.
  await keyring.read();
  return { answer: keyring.describe(clock.now()), event: { event: "keys_listed" } };
}

/**
 * Revokes everything that a client minted before this call, and nothing that it mints after the answer. For operators
 * only. The client may be disabled or no longer configured.
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

/** What the operator should know that the revocation does not achieve. */
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
    "What other clients got for its access tokens stays active, unless they exchanged them: revoke their subjects, or those clients.",
  ];
}

async function rotateKnown({ keyring, emit }: RequestContext, order: RotationOrder): Promise<Rotation> {
  try {
    return await keyring.rotate(order, emit);
  } catch (error) {
    if (error instanceof UnknownKeyError)
      throw new OAuthError("invalid_request", "kid must name a key of this tenant with that use.");
    throw error;
  }
}

/** Without an idempotency key every call is a rotation of its own. */
function nameOf(
  what: readonly (string | null)[],
  idempotencyKey: string | undefined,
  { random }: TenantContext,
): string {
  if (idempotencyKey !== undefined) return requestName("idempotent", what, idempotencyKey);
  return requestName("once", what, Buffer.from(random.bytes(16)).toString("hex"));
}
