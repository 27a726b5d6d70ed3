import type { Instant } from "../../base/clock.ts";
import type { Event } from "../events.ts";
import type { WriteIdentifier } from "./identifiers.ts";

/** The version of what lines contain. */
const VERSION = 1;

/** Which events have a line: how requests end, and what is done besides. */
const AUDITED = {
  minted: "ending",
  refreshed: "ending",
  introspected: "ending",
  revoked: "ending",
  client_revoked: "ending",
  key_rotated: "ending",
  keys_listed: "ending",
  grants_listed: "ending",
  registry_read: "ending",
  client_registered: "ending",
  tenant_registered: "ending",
  refused: "ending",
  client_refused: "ending",
  operator_refused: "ending",
  refresh_reused: "ending",
  key_made: "notice",
  key_compromised: "notice",
  keys_resealed: "notice",
  tenant_purged: "notice",
  // A flood that is stopped must not fill the disk instead.
  rate_limited: "none",
  overloaded: "none",
  configuration_reloaded: "notice",
  restart_required: "none",
  reload_refused: "none",
  rows_not_genuine: "none",
  registration_unusable: "none",
  keys_unusable: "none",
  large_token: "none",
  store_shared: "none",
  client_secrets_refused: "none",
  operator_secrets_refused: "none",
  secrets_queue_full: "none",
  authority_unavailable: "none",
  clock_awaited: "none",
  clock_behind: "none",
  clock_caught_up: "none",
} as const satisfies Record<Event["event"], "ending" | "notice" | "none">;

type MemberOf<Each> = Each extends unknown ? keyof Each : never;

/**
 * What a line has of its event, in this order, and whether it identifies somebody or something. A member that is not
 * listed is never written, so that a new one does not reach the audit unnoticed.
 */
const MEMBERS = {
  operation: "plain",
  tenant: "plain",
  client: "identifier",
  operator: "identifier",
  authentication: "plain",
  grantType: "plain",
  subject: "identifier",
  actor: "identifier",
  jti: "identifier",
  family: "identifier",
  accessTokenType: "plain",
  active: "plain",
  because: "plain",
  what: "plain",
  wholeNamespace: "plain",
  revokedClient: "identifier",
  ofClient: "identifier",
  registeredClient: "identifier",
  change: "plain",
  fields: "plain",
  validateOnly: "plain",
  mode: "plain",
  use: "plain",
  generation: "plain",
  kid: "plain",
  due: "plain",
  dryRun: "plain",
  unanswered: "plain",
  resealed: "plain",
  trigger: "plain",
  added: "plain",
  removed: "plain",
  changed: "plain",
  requestId: "plain",
  traceId: "plain",
  remoteAddress: "identifier",
} as const satisfies Partial<Record<MemberOf<Event>, "plain" | "identifier">>;

/** Whether an event of that kind has a line. */
export function isAudited({ event }: Event, kind: "ending" | "notice"): boolean {
  return AUDITED[event] === kind;
}

/** The line of an event. */
export function auditLine(event: Event, time: Instant, identifier: WriteIdentifier): string {
  const values: Partial<Record<MemberOf<Event>, unknown>> = event;
  const names = Object.keys(MEMBERS) as (keyof typeof MEMBERS)[];
  const members = names.map((name) => {
    const value = values[name];
    return [name, MEMBERS[name] === "identifier" && typeof value === "string" ? identifier(value) : value] as const;
  });
  const outcome = "code" in event ? { outcome: outcomeOf(event.code), error: event.code } : { outcome: "success" };
  return lineOf(event.event, time, { ...outcome, ...Object.fromEntries(members) });
}

/** The line that says that lines are written from here on. `lost`: how many before it could not be. */
export function firstLine(time: Instant, lost: number): string {
  return lineOf("audit_opened", time, { outcome: "success", lost });
}

/** A refusal is the caller's fault, a failure the mint's. */
function outcomeOf(code: string): "refused" | "failed" {
  return code === "temporarily_unavailable" || code === "server_error" ? "failed" : "refused";
}

function lineOf(event: string, time: Instant, members: object): string {
  return `${JSON.stringify({ audit: VERSION, time: new Date(time).toISOString(), event, ...members })}\n`;
}
