import { isJsonObject } from "../base/json.ts";
import type { GrantHandler } from "../engine/grant.ts";
import type { Problems } from "../engine/problems.ts";
import { InvalidValue, type MintParameter, type MintRequest } from "../engine/request.ts";
import * as claims from "./claims.ts";

/** The reserved claim that a caller of this grant may set. */
const GRANTED = new Set(["sub"]);

/** `arbitrary_no_subject`: an access token with the caller's claims, about a subject only if they name one. */
export const arbitraryNoSubject: GrantHandler = {
  grantType: "arbitrary_no_subject",
  parameters: new Set<MintParameter>([...claims.COMMON_PARAMETERS, "scopes", "resources", "arbitraryAudiences"]),
  clientProof: "optional",
  refreshable: true,
  accessTokenTypes: ["jwt", "reference"],

  async decide(request, context) {
    const { client, problems } = context;
    const subject = readSubject(request, problems);
    claims.requirePresence(request.arbitraryClaims, "arbitrary_claims", problems);
    const read = claims.readShared(request, context, GRANTED);
    problems.refuse();

    const scopes = claims.sortedScopes(request.scopes);
    return {
      grantType: this.grantType,
      issuer: client.tenant.issuer,
      subject,
      scopes,
      listsOfflineAccess: false,
      audience: claims.audienceOf(client.tenant, scopes, read.audiences),
      claims: read.claims,
      issuesIdToken: false,
    };
  },
};

function readSubject({ arbitraryClaims: given }: MintRequest, problems: Problems): string | undefined {
  if (given === undefined || given instanceof InvalidValue || !isJsonObject(given) || !Object.hasOwn(given, "sub"))
    return undefined;
  const { sub } = given;
  if (typeof sub === "string" && sub !== "") return sub;
  problems.add("The arbitrary claim: 'sub' must be a string that is not empty.");
  return undefined;
}
