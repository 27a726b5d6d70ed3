import { OAuthError } from "../engine/errors.ts";
import type { GrantHandler } from "../engine/grant.ts";
import { instanceOperations, operations } from "../engine/operations/index.ts";
import { type Authenticators, byCredentials } from "../engine/perform.ts";
import type { Engine, InstanceEngine, PerformedOperations, TenantEngine } from "../engine/port.ts";
import type { Caller } from "../engine/request.ts";
import { grants } from "../grants/index.ts";
import { type Failure, inSpan, inTrace } from "../telemetry/spans.ts";
import type { Around } from "./around.ts";

/** Makes a span of each call of a store. `system`: its name in OpenTelemetry's semantic conventions. */
export function spansOfStoreCalls(system: string): Around {
  return (operation, run) => {
    const attributes = { "db.system.name": system, "db.operation.name": operation };
    return inSpan(operation, { attributes, isRemote: true, failureOf }, run);
  };
}

/** Makes a span of each signature. */
export const spansOfSignatures: Around = (algorithm, run) =>
  inSpan("sign", { attributes: { "mintmark.algorithm": algorithm }, failureOf }, run);

/** The grants, each decision in a span. */
const tracedGrants: readonly GrantHandler[] = grants.map((grant) => {
  const attributes = { "mintmark.grant_type": grant.grantType };
  return {
    ...grant,
    decide: (request, context) => inSpan("decide", { attributes, failureOf }, () => grant.decide(request, context)),
  };
});

/** What finds out who calls, in a span. */
const tracedAuthenticators: Authenticators = {
  client: (...args) => inSpan("authenticate client", { failureOf }, () => byCredentials.client(...args)),
  "refreshing client": (...args) =>
    inSpan("authenticate client", { failureOf }, () => byCredentials["refreshing client"](...args)),
  operator: (...args) => inSpan("authenticate operator", { failureOf }, () => byCredentials.operator(...args)),
};

/** The parts of a node that decide and authenticate, in spans. */
export const tracedParts = { grants: tracedGrants, authenticators: tracedAuthenticators };

/** An engine whose operations run in spans, within the traces of their callers. */
export function tracedEngine(engine: Engine): Engine {
  const known = new WeakMap<TenantEngine, TenantEngine>();
  return {
    forTenant(id) {
      const tenant = engine.forTenant(id);
      if (tenant === undefined) return undefined;
      const before = known.get(tenant);
      if (before !== undefined) return before;
      const of = { "mintmark.tenant": id };
      const traced = { ...tenant, ...tracedOperations(Object.keys(operations), tenant, of) };
      known.set(tenant, traced);
      return traced;
    },
    instance: tracedOperations(Object.keys(instanceOperations), engine.instance, {}),
  };
}

/** What the span of an operation says. */
type Attributes = Readonly<Record<string, string>>;

/** The operations of these names. */
function tracedOperations<Operations extends PerformedOperations | InstanceEngine>(
  names: readonly string[],
  untraced: Operations,
  attributes: Attributes,
): Operations {
  const entries = (names as (keyof Operations & string)[]).map((name) => {
    const perform = untraced[name] as (caller: Caller, request: unknown) => Promise<unknown>;
    const traced = (caller: Caller, request: unknown) =>
      inTrace(caller, () => inSpan(name, { attributes, failureOf }, () => perform(caller, request)));
    return [name, traced];
  });
  return Object.fromEntries(entries) as Operations;
}

/** A refusal is the mint's fault if the caller would have been served at another time. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof OAuthError)) return { type: error instanceof Error ? error.name : "_OTHER", isFault: true };
  const { code, event } = error;
  const isUnserved = code === "server_error" || code === "temporarily_unavailable";
  return { type: code, isFault: isUnserved && event.event !== "rate_limited" };
}
