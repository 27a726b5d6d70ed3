import type { Operator } from "../../registry/tenant.ts";
import type { RequestContext } from "../context.ts";
import type {
  ClientDescription,
  ClientPage,
  ClientRequest,
  EffectiveClient,
  ListRequest,
  OperatorDescription,
} from "../registry-request.ts";
import { clientIn, describeClient } from "./clients.ts";
import { pageOf } from "./entry-pages.ts";
import type { Done } from "./operation.ts";
import { notThere } from "./registry.ts";

const READ = { event: "registry_read" } as const;

/** The client's entry that counts. For operators only, as all that follow. Throws OAuthError `invalid_request`. */
export async function getClient(
  context: RequestContext,
  _operator: Operator,
  request: ClientRequest,
): Promise<Done<ClientDescription>> {
  const id = clientIn(request);
  await context.registrations.catchUp();
  const [entry] = context.registrations.find("client", context.tenant.id, id);
  if (entry === undefined) throw notThere("client", id);
  return { answer: describeClient(entry), event: READ };
}

/** The clients of both sources, sorted by id; of one id, the one that counts first. Throws OAuthError `invalid_request`. */
export async function listClients(
  context: RequestContext,
  _operator: Operator,
  request: ListRequest,
): Promise<Done<ClientPage>> {
  await context.registrations.catchUp();
  const { page, nextPageToken } = pageOf(context.registrations.clients(context.tenant.id), request);
  return { answer: { clients: page.map(describeClient), nextPageToken }, event: READ };
}

/** What holds for a client now, and where each setting comes from. Throws OAuthError `invalid_request`. */
export async function getEffectiveClient(
  context: RequestContext,
  _operator: Operator,
  request: ClientRequest,
): Promise<Done<EffectiveClient>> {
  const id = clientIn(request);
  await context.registrations.catchUp();
  const settings = context.registrations.effective(context.tenant.id, id);
  if (settings === undefined) throw notThere("client", id);
  return { answer: { settings }, event: READ };
}

/** The operators of the tenant, sorted by id. They are in the file alone. */
export async function listOperators({ tenant }: RequestContext): Promise<Done<readonly OperatorDescription[]>> {
  const operators = Array.from(tenant.operators.values(), ({ id, roles }) => ({ id, roles: [...roles] }));
  return { answer: operators.toSorted((one, other) => (one.id < other.id ? -1 : 1)), event: READ };
}
