import { clientSecret } from "./client-secret.ts";
import type { ClientAuthenticationMethod } from "./method.ts";

/** Every client authentication method. At most one may be used in a request. */
export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecret];
