import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Caller } from "../engine/request.ts";

/** The key under which a server stores the caller of a request. */
export const callerKey = createContextKey<Caller>({}, { description: "who calls" });

/** The caller, with the credentials of the `authorization` metadata (RFC 6749 section 2.3.1). */
export function callerIn({ values }: Pick<HandlerContext, "values">): Caller {
  return values.get(callerKey);
}
