import { clientSecret } from "./client-secret.ts";
import type { ClientAuthenticationMethod } from "./method.ts";

/** Every way for a client to prove who it is. */
export const clientAuthenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecret];
