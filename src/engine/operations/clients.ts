import type { StoredEntry } from "../../registry/document.ts";
import type { Entry } from "../../registry/entries.ts";
import { storedClient } from "../../registry/schema-client.ts";
import type { Operator } from "../../registry/tenant.ts";
import type { ClientChange } from "../../telemetry/performed.ts";
import type { RequestContext } from "../context.ts";
import { OAuthError } from "../errors.ts";
import type {
  ChangeClientRequest,
  ChangedClient,
  ClientDescription,
  CreateClientRequest,
  EndClientRequest,
  UpdateClientRequest,
} from "../registry-request.ts";
import { revokeClientTokens } from "../tokens/revoke-subject.ts";
import type { Done } from "./operation.ts";
import { alreadyThere, notThere, writeEntry } from "./registry.ts";
import { maskOf, settingsIn, updated } from "./settings.ts";

/** What no settings may have. */
const SECRETS = ["secrets", "secrets are made by AddClientSecret"] as const;

/**
 * Registers a client. It has no secret yet, so that nobody can be it unless its settings need none. For operators only,
 * as all that follow.
 *
 * Throws OAuthError `invalid_request`: with the place of each setting that breaks a rule, or `already_exists`.
 */
export async function createClient(
  context: RequestContext,
  operator: Operator,
  request: CreateClientRequest,
): Promise<Done<ChangedClient>> {
  const id = clientIn(request);
  const settings = settingsIn(request, ...SECRETS);
  return change(context, operator, request, "created", Object.keys(settings), (current) => {
    if (current !== undefined) throw alreadyThere("client", id);
    return { entry: settings, secrets: [] };
  });
}

/** Changes settings of a client. Throws OAuthError `invalid_request`, also as `not_found` and `aborted`. */
export async function updateClient(
  context: RequestContext,
  operator: Operator,
  request: UpdateClientRequest,
): Promise<Done<ChangedClient>> {
  const settings = settingsIn(request, ...SECRETS);
  const names = maskOf(request, settings, storedClient.shape);
  return change(context, operator, request, "updated", names ?? ["*"], (current) => {
    if (current === undefined) throw notThere("client", clientIn(request));
    return { ...current, entry: updated(current.entry, settings, names) };
  });
}

/**
 * Deletes a client and, if asked, everything that it minted. Its tokens are inactive either way, as long as no client has
 * its id. Throws OAuthError as {@link updateClient} does.
 */
export async function deleteClient(
  context: RequestContext,
  operator: Operator,
  request: EndClientRequest,
): Promise<Done<ChangedClient>> {
  const done = await change(context, operator, request, "deleted", [], (current) => {
    if (current === undefined) throw notThere("client", clientIn(request));
    return undefined;
  });
  return ended(context, request, done);
}

/**
 * Disables a client: once the answer's time has come, every node refuses it and calls its tokens inactive. Throws OAuthError
 * as {@link updateClient} does.
 */
export async function disableClient(
  context: RequestContext,
  operator: Operator,
  request: EndClientRequest,
): Promise<Done<ChangedClient>> {
  const done = await change(context, operator, request, "disabled", ["enabled"], (current) =>
    withEnabled(current, request, false),
  );
  return ended(context, request, done);
}

/** Enables a client again, and with it whatever of its tokens is not revoked. Throws OAuthError as {@link updateClient} does. */
export async function enableClient(
  context: RequestContext,
  operator: Operator,
  request: ChangeClientRequest,
): Promise<Done<ChangedClient>> {
  return change(context, operator, request, "enabled", ["enabled"], (current) => withEnabled(current, request, true));
}

/** A client's entry as operators see it. */
export function describeClient({
  kind: _,
  tenant: __,
  id: client,
  words: settings,
  ...same
}: Entry): ClientDescription {
  return { client, settings, ...same };
}

/** The client that a request names. Throws OAuthError `invalid_request` if it names none. */
export function clientIn({ client }: ChangeClientRequest): string {
  if (client === undefined) throw new OAuthError("invalid_request", "client is required.");
  return client;
}

/** Writes a client's entry, and reports it. `fields`: the names of the settings that change. */
export async function change(
  context: RequestContext,
  operator: Operator,
  request: ChangeClientRequest,
  what: ClientChange,
  fields: readonly string[],
  make: (current: StoredEntry | undefined) => StoredEntry | undefined,
): Promise<Done<ChangedClient> & { readonly isRepeated: boolean }> {
  const id = clientIn(request);
  const { etag, validateOnly = false, idempotencyKey } = request;
  const tenant = context.tenant.id;
  const wanted = { kind: "client", tenant, id, ifEtag: etag, validateOnly, idempotencyKey, make } as const;
  const { entry, effectiveAt, isRepeated } = await writeEntry(context, operator, wanted, { what, ...request });
  const answer = { client: entry && describeClient(entry), effectiveAt };
  const event = { event: "client_registered", registeredClient: id, change: what, fields, validateOnly } as const;
  return { answer, event, isRepeated };
}

function withEnabled(current: StoredEntry | undefined, request: ChangeClientRequest, enabled: boolean): StoredEntry {
  if (current === undefined) throw notThere("client", clientIn(request));
  return { ...current, entry: { ...current.entry, enabled } };
}

/** Waits until every node knows, if asked, and only then revokes: a node that does not know yet could still mint. */
async function ended<D extends Done<ChangedClient>>(
  context: RequestContext,
  request: EndClientRequest,
  done: D,
): Promise<D> {
  const { wait = false, revokeTokens = false, validateOnly = false } = request;
  if (validateOnly) return done;
  if (wait || revokeTokens) await context.clock.past(done.answer.effectiveAt);
  if (revokeTokens) await revokeClientTokens(context, clientIn(request));
  return done;
}
