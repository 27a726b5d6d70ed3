import { createHash } from "node:crypto";
import { type KeyDescription, type Rotation, type RotationOrder, UnknownKeyError } from "../../keyring/port.ts";
import type { Client, Operator } from "../../registry/tenant.ts";
import { authenticateOperator } from "../clients/authenticate.ts";
import type { TenantContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type { Caller, ClientRevocation, RevokeClientRequest, RotateRequest } from "../request.ts";
import { type RevocationContext, revokeClientTokens } from "../tokens/revoke-subject.ts";

/** The longest idempotency key, in characters. */
const MAX_IDEMPOTENCY_KEY = 255;

/** A client's id, configured or not (RFC 6749 appendix A.1). */
const CLIENT_ID = /^[\x20-\x7e]{1,1024}$/;

/** What rotating needs of a tenant's context. */
type RotationContext = Pick<TenantContext, "tenant" | "keyring" | "random" | "logger">;

/**
 * Makes the next key of a tenant, or says what that would do. For operators, never clients.
 *
 * Throws OAuthError `invalid_client` where the caller is no operator of the tenant, `invalid_request` where what it asks
 * for makes no sense.
 */
export async function rotate(context: TenantContext, caller: Caller, request: RotateRequest): Promise<Rotation> {
  const operator = await authenticated(context, caller);
  return rotateAs(context, operator.id, request);
}

/** The same for an operator who is known already. */
export async function rotateAs(context: RotationContext, operator: string, request: RotateRequest): Promise<Rotation> {
  const { mode = "graceful", use = "signing", kid, dryRun = false, idempotencyKey } = request;
  if ((idempotencyKey?.length ?? 0) > MAX_IDEMPOTENCY_KEY) {
    throw new OAuthError("invalid_request", `idempotency_key is too long: at most ${MAX_IDEMPOTENCY_KEY} characters.`);
  }
  if (kid !== undefined && mode !== "compromised") {
    throw new OAuthError("invalid_request", "kid names the leaked key: it goes with the mode compromised alone.");
  }
  const order = {
    mode,
    use,
    kid,
    dryRun,
    request: requestName([operator, mode, use, kid ?? null], idempotencyKey, context),
  };
  const rotation = await rotateKnown(context, order);
  if (!dryRun) {
    const audit = { tenant: context.tenant.id, operator, mode, use, generation: rotation.keys.at(-1)?.generation };
    context.logger.warn({ event: "key_rotated", ...audit }, "an operator rotated a key");
  }
  return rotation;
}

/** Every generation of the tenant's keys, never a private part. Throws OAuthError `invalid_client`, as rotate does. */
export async function listKeys(context: TenantContext, caller: Caller): Promise<readonly KeyDescription[]> {
  const operator = await authenticated(context, caller);
  // Another node may have made a key, or cut one, since the last poll.
  await context.keyring.read();
  context.logger.info(
    { event: "keys_listed", tenant: context.tenant.id, operator: operator.id },
    "an operator listed the keys",
  );
  return context.keyring.describe(context.clock.now());
}

/**
 * Ends all that a client minted before this call, and nothing that it mints after the answer. For operators, never
 * clients. The client may be disabled, or configured no longer.
 *
 * Throws OAuthError `invalid_client` where the caller is no operator of the tenant, `invalid_request` where it names no
 * client.
 */
export async function revokeClient(
  context: TenantContext,
  caller: Caller,
  request: RevokeClientRequest,
): Promise<ClientRevocation> {
  const operator = await authenticated(context, caller);
  return revokeClientAs(context, operator.id, request);
}

/** The same for an operator who is known already. */
export async function revokeClientAs(
  context: RevocationContext & Pick<TenantContext, "tenant" | "logger">,
  operator: string,
  { client }: RevokeClientRequest,
): Promise<ClientRevocation> {
  const { tenant, logger } = context;
  if (client === undefined) throw new OAuthError("invalid_request", "client is required.");
  if (!CLIENT_ID.test(client)) {
    throw new OAuthError("invalid_request", "client must be a client's id: 1 to 1024 characters of printable ASCII.");
  }
  await revokeClientTokens(context, client);
  logger.warn(
    { event: "client_revoked", tenant: tenant.id, operator, client },
    "an operator revoked a client's tokens",
  );
  return { warnings: warningsOf(tenant.clients.get(client)) };
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

function authenticated(context: TenantContext, caller: Caller): Promise<Operator> {
  return authenticateOperator(context.tenant, caller, context.secrets);
}

async function rotateKnown(context: RotationContext, order: RotationOrder): Promise<Rotation> {
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
  { random }: RotationContext,
): string {
  const unique = idempotencyKey ?? Buffer.from(random.bytes(16)).toString("hex");
  const kind = idempotencyKey === undefined ? "once" : "idempotent";
  return createHash("sha256")
    .update(JSON.stringify([kind, ...what, unique]))
    .digest("base64url");
}
