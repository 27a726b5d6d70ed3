import type { Operator } from "../../registry/tenant.ts";
import type { RequestContext } from "../context.ts";
import type {
  ClientDescription,
  ClientPage,
  ClientRequest,
  EffectiveClient,
  ListClientsRequest,
  OperatorDescription,
} from "../registry-request.ts";
import { clientIn, describeClient } from "./clients.ts";
import type { Done } from "./operation.ts";
import { pageSizeOf, readPageToken, writePageToken } from "./pages.ts";
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
  { filter = "", pageSize, pageToken }: ListClientsRequest,
): Promise<Done<ClientPage>> {
  const limit = pageSizeOf(pageSize);
  const after = pageToken === undefined ? undefined : readPageToken(pageToken, isCursor);
  const wanted = filter.toLowerCase();
  await context.registrations.catchUp();
  const found = context.registrations
    .clients(context.tenant.id)
    .filter((entry) => entry.id.toLowerCase().includes(wanted))
    .filter((entry) => after === undefined || isAfter([entry.id, entry.isShadowed], after));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const isAll = found.length <= limit || last === undefined;
  return {
    answer: {
      clients: page.map(describeClient),
      nextPageToken: isAll ? undefined : writePageToken([last.id, last.isShadowed]),
    },
    event: READ,
  };
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

/** A client's place in the list: its id, and whether it is the shadowed one of that id. */
type Cursor = readonly [id: string, isShadowed: boolean];

function isCursor(value: readonly unknown[]): value is Cursor {
  return value.length === 2 && typeof value[0] === "string" && typeof value[1] === "boolean";
}

function isAfter([id, isShadowed]: Cursor, [afterId, afterShadowed]: Cursor): boolean {
  return id > afterId || (id === afterId && isShadowed && !afterShadowed);
}
