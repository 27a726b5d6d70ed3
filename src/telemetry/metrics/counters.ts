import { OTHER } from "../conventions.ts";
import type { Ending, Event, Listener, Reason } from "../events.ts";
import type { Instruments } from "./instruments.ts";
import type { Labels } from "./series.ts";

/** A tenant as it is configured now. */
interface KnownTenant {
  readonly id: string;
  /** Its clients, by id. */
  readonly clients: ReadonlyMap<string, unknown>;
}

/** The values that labels can have. Any other is `_OTHER`. */
export interface Known {
  tenant(id: string): KnownTenant | undefined;
  tenants(): Iterable<KnownTenant>;
  readonly grantTypes: ReadonlySet<string>;
  readonly operations: ReadonlySet<string>;
}

/** The `grant_type` of a refresh (RFC 6749 section 6). */
const REFRESH = "refresh_token";

const REFRESH_OUTCOMES = ["refreshed", "reused", "refused", "failed"] as const;

/** Counts how requests end. `clientLabel`: whether by client, too. */
export function countEvents(instruments: Instruments, known: Known, clientLabel: boolean): Listener {
  const counter = <Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    always?: () => Iterable<Labels<Name | "client">>,
  ) => {
    const names = [...labelNames, ...(clientLabel ? (["client"] as const) : [])];
    return instruments.counter<Name | "client">(`mintmark_${name}_total`, help, names, always);
  };
  const issued = counter("tokens_issued", "Access tokens and refresh tokens that were issued.", [
    "tenant",
    "grant_type",
    "token_type",
  ]);
  // A counter that begins with its first event hides that event from `increase`, and each reuse is worth an alert.
  const refreshes = counter("refreshes", "Requests to refresh a grant.", ["tenant", "outcome"], () =>
    refreshesOf(known, clientLabel),
  );
  const introspections = counter("introspections", "Tokens that were introspected.", ["tenant", "active"]);
  const revocations = counter("revocations", "Requests to revoke that were granted.", ["tenant", "kind"]);
  const refusals = counter("refusals", "Requests that were refused.", ["tenant", "operation", "error"]);
  const authentications = counter("client_authentications", "Clients that presented themselves.", [
    "method",
    "outcome",
  ]);
  const rateLimited = counter("rate_limited", "Requests that a limit refused.", ["limit"]);

  function count(event: Ending): void {
    const tenant = known.tenant(event.tenant ?? "");
    const client = clientLabel ? clientOf(event, tenant) : undefined;
    const ofTenant = { tenant: tenant?.id ?? OTHER, client };
    const authenticated = authenticationOutcome(event);
    if (authenticated !== undefined) {
      authentications({ method: event.authentication ?? OTHER, outcome: authenticated, client });
    }
    if (event.operation === "refresh") refreshes({ ...ofTenant, outcome: refreshOutcome(event) });
    if (event.event === "rate_limited") rateLimited({ limit: event.limit, client });
    if ("code" in event) {
      refusals({ ...ofTenant, operation: oneOf(known.operations, event.operation), error: errorOf(event) });
      return;
    }
    switch (event.event) {
      case "minted":
      case "refreshed": {
        const grant_type = event.event === "refreshed" ? REFRESH : oneOf(known.grantTypes, event.grantType);
        issued({ ...ofTenant, grant_type, token_type: event.accessTokenType });
        if (event.family !== undefined) issued({ ...ofTenant, grant_type, token_type: "refresh_token" });
        return;
      }
      case "introspected":
        introspections({ ...ofTenant, active: String(event.active) });
        return;
      case "revoked":
        revocations({ ...ofTenant, kind: event.what });
        return;
      case "client_revoked":
        revocations({ ...ofTenant, kind: "client" });
    }
  }

  return (event) => {
    if (isEnding(event)) count(event);
  };
}

/** Every event that ends a request. */
const endings: Readonly<Record<string, true>> = {
  minted: true,
  refreshed: true,
  introspected: true,
  revoked: true,
  client_revoked: true,
  key_rotated: true,
  keys_listed: true,
  grants_listed: true,
  registry_read: true,
  client_registered: true,
  tenant_registered: true,
  refused: true,
  client_refused: true,
  operator_refused: true,
  rate_limited: true,
  overloaded: true,
  refresh_reused: true,
} satisfies Record<Ending["event"], true>;

function isEnding(event: Event): event is Ending {
  return endings[event.event] === true;
}

function refreshOutcome(event: Ending): (typeof REFRESH_OUTCOMES)[number] {
  if (event.event === "refreshed") return "refreshed";
  if (event.event === "refresh_reused") return "reused";
  return isFailure(event) ? "failed" : "refused";
}

/** Undefined if the request was not a client's, or failed before the client was looked at. */
function authenticationOutcome(event: Ending): string | undefined {
  if (event.event === "client_refused") return isFailure(event) ? "failed" : "refused";
  if (event.authentication === undefined) return undefined;
  if (isHeldUp(event)) return "rate_limited";
  if (event.client !== undefined) return "authenticated";
  return isFailure(event) ? "failed" : "refused";
}

/** Whether a limit kept a client from authenticating. Any other limit counts those who have. */
function isHeldUp(event: Ending): boolean {
  return event.event === "rate_limited" && event.limit.startsWith("failed_authentication_");
}

/** The OAuth2 error of a refusal, unless that would make one by a limit or an overload seem a fault of the store. */
function errorOf(event: Ending & Reason): string {
  return event.event === "rate_limited" || event.event === "overloaded" ? event.event : event.code;
}

/** Whether a request was refused for a fault of the mint's own. */
function isFailure(event: Ending): boolean {
  if (event.event === "rate_limited") return false;
  return "code" in event && (event.code === "temporarily_unavailable" || event.code === "server_error");
}

/** The labels of all refreshes of configured tenants. */
function* refreshesOf({ tenants }: Known, clientLabel: boolean): Generator<Labels<"tenant" | "outcome" | "client">> {
  for (const { id: tenant, clients } of tenants()) {
    for (const outcome of REFRESH_OUTCOMES) {
      for (const client of clientLabel ? clients.keys() : [undefined]) yield { tenant, client, outcome };
    }
  }
}

/** The client, if it is a configured one. */
function clientOf({ client = "" }: Ending, tenant: KnownTenant | undefined): string | undefined {
  return tenant?.clients.has(client) ? client : undefined;
}

function oneOf(values: ReadonlySet<string>, value: string | undefined): string {
  return value !== undefined && values.has(value) ? value : OTHER;
}
