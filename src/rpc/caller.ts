import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Caller } from "../engine/request.ts";

/** Where a server keeps who calls, as it came with the request. */
export const callerKey = createContextKey<Caller>({}, { description: "who calls" });

/** Who calls: the credentials are those of the `authorization` metadata (RFC 6749 section 2.3.1). */
export function callerIn({ values }: Pick<HandlerContext, "values">): Caller {
  return values.get(callerKey);
}
