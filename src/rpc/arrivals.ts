import { Code, type ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { OAuthError } from "../engine/errors.ts";
import type { Caller } from "../engine/request.ts";
import type { Arrival } from "../wire/arrival.ts";
import { serverStopping } from "./errors.ts";
import { noteFailure } from "./watch.ts";

/** The key under which a server stores the arrival of a call. */
export const arrivalKey = createContextKey<Arrival | undefined>(undefined, { description: "the call's arrival" });

type Values = Pick<HandlerContext, "values">;

/** The arrival of a call. Throws if its server stored none. */
export function arrivalIn({ values }: Values): Arrival {
  const arrival = values.get(arrivalKey);
  if (arrival === undefined) throw new Error("The server has not stored the call's arrival.");
  return arrival;
}

/** The caller, with the credentials of the `authorization` metadata (RFC 6749 section 2.3.1). */
export function callerIn(context: Values): Caller {
  return arrivalIn(context).caller;
}

/**
 * Reports a refusal with which a call is answered. What ends a call that has begun, such as its deadline, does not end
 * its operation, which reports its own end.
 */
export function reportRefusal({ code, cause }: ConnectError, arrival: Arrival): void {
  noteFailure(arrival, code);
  if (!(cause instanceof OAuthError)) return;
  const endsOnlyTheCall = code === Code.DeadlineExceeded || cause === serverStopping().cause;
  if (arrival.hasBegun && endsOnlyTheCall) return;
  arrival.refused(cause);
}
