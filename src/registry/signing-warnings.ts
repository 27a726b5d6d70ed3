import { signatureLength } from "../keyring/algorithms.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantFile } from "./schema-tenant.ts";

/** A signature that takes more characters of a JWT than this may make it too long for a header. */
const LONG_SIGNATURE = 1000;

/** Warns of tokens that some servers refuse for their size, and of keys that verifiers do not find. */
export function warnOfSigning({ signing: { algorithm, jwksKeyTypes } }: TenantFile, warnings: Problems): void {
  const length = signatureLength(algorithm);
  if (length < LONG_SIGNATURE) return;
  warnings
    .at("algorithm")
    .add(
      `the signature of ${algorithm} alone takes ${length} characters of each JWT; many servers and proxies accept 8 kB of ` +
        "headers in all, some 16 kB: measure what lies before your resource servers, or give clients reference tokens",
    );
  if (jwksKeyTypes !== "classic") return;
  warnings
    .at("jwksKeyTypes")
    .add(`classic leaves the keys of ${algorithm} out of the JWKS, so its verifiers cannot check what they sign`);
}
