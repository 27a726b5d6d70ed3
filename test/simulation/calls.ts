import { AsyncLocalStorage } from "node:async_hooks";
import type { Instant } from "../../src/base/clock.ts";
import type { OAuthErrorCode } from "../../src/engine/errors.ts";
import type { Quota } from "../../src/engine/rate-limited.ts";
import type {
  ClientRevocation,
  Introspection,
  IntrospectRequest,
  MintRequest,
  RefreshRequest,
  RevokeClientRequest,
  RevokeRequest,
  RotateRequest,
  TokenSet,
} from "../../src/engine/request.ts";
import type { PublicJwk, Rotation } from "../../src/keyring/port.ts";
import type { Held } from "./keys.ts";
import type { Incarnation } from "./node.ts";

/** What can be asked of a node, and what it answers. */
export interface Operations {
  readonly mint: { readonly request: MintRequest; readonly answer: TokenSet };
  readonly refresh: { readonly request: RefreshRequest; readonly answer: TokenSet };
  readonly introspect: { readonly request: IntrospectRequest; readonly answer: Introspection };
  readonly revoke: { readonly request: RevokeRequest; readonly answer: undefined };
  readonly rotate: { readonly request: RotateRequest; readonly answer: Rotation };
  readonly revokeClient: { readonly request: RevokeClientRequest; readonly answer: ClientRevocation };
  readonly jwks: { readonly request: object; readonly answer: { readonly keys: readonly PublicJwk[] } };
}
export type OperationName = keyof Operations;

/** How a call ended for its caller. Lost: it was told nothing. */
export type Outcome<T> =
  | { readonly kind: "done"; readonly answer: T }
  | {
      readonly kind: "refused";
      readonly code: OAuthErrorCode;
      readonly message: string;
      /** What is used up, if a limit refused it. */
      readonly usedUp?: readonly Quota[] | undefined;
    }
  | { readonly kind: "lost" };

/** One call of a node, as its caller knows it. Instants are in true time. */
export interface Call<K extends OperationName = OperationName> {
  readonly id: number;
  readonly operation: K;
  readonly tenant: string;
  readonly client: string;
  readonly request: Operations[K]["request"];
  /** What is wrong with it, as the code that it is to be refused with whatever else is so. */
  readonly flaw: OAuthErrorCode | undefined;
  /** What the client proves itself with instead of a secret. Whether that was used before, another oracle knows. */
  readonly assertion: string | undefined;
  /** What its caller shows that it holds. */
  readonly held: Held;
  /** Whether its caller does not prove who it is. */
  readonly isPublic: boolean;
  readonly node: Incarnation;
  /** When it was called, or its tenant was open if that was later. */
  start: Instant;
  /** By how much the node's clock may be off true time, in milliseconds. */
  readonly off: number;
  /** When the node's last good read of the tenant's keys began before that. */
  readonly polledAt: Instant;
  /** When the node's last good read of the registrations began before that. */
  readonly registryReadAt: Instant;
  /** Whether its node was told meanwhile that the store is away. */
  unheard: boolean;
  /** Infinite while it is under way. */
  end: Instant;
  outcome: Outcome<Operations[K]["answer"]> | undefined;
}

/** The call that the code which runs now works for; none for what a node does by itself. */
export const currentCall = new AsyncLocalStorage<Call | undefined>();

export function is<K extends OperationName>(call: Call, operation: K): call is Call<K> {
  return call.operation === operation;
}

export function isDone<C extends Call>(
  call: C,
): call is C & { outcome: Extract<NonNullable<C["outcome"]>, { kind: "done" }> } {
  return call.outcome?.kind === "done";
}

export function isRefused(call: Call, code: string): boolean {
  return call.outcome?.kind === "refused" && call.outcome.code === code;
}

/** Whether a refusal with that code, or for want of an answer, leaves open what was done. */
export function mayHaveActed(call: Call, code: string): boolean {
  return isRefused(call, code) || isRefused(call, "temporarily_unavailable");
}
