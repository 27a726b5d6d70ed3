import type { GrantHandler } from "../engine/grant.ts";
import { arbitraryIdentity } from "./arbitrary-identity.ts";
import { arbitraryNoSubject } from "./arbitrary-no-subject.ts";
import { arbitraryOidcResourceOwner } from "./arbitrary-oidc-resource-owner.ts";
import { arbitraryResourceOwner } from "./arbitrary-resource-owner.ts";
import { arbitraryToken } from "./arbitrary-token.ts";
import { clientCredentials } from "./client-credentials.ts";
import { jwtBearer } from "./jwt-bearer.ts";
import { tokenExchange } from "./token-exchange.ts";

/** All grants. A new one takes one file and one line here; discovery lists it where a client may use it. */
export const grants: readonly GrantHandler[] = [
  arbitraryToken,
  arbitraryNoSubject,
  arbitraryResourceOwner,
  arbitraryOidcResourceOwner,
  arbitraryIdentity,
  clientCredentials,
  tokenExchange,
  jwtBearer,
];
