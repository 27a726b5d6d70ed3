import { sizeWarning } from "../keyring/algorithms.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantFile } from "./schema-tenant.ts";

/** Warns of tokens that some servers refuse for their size, and of keys that verifiers do not find. */
export function warnOfSigning({ signing: { algorithm, jwksKeyTypes } }: TenantFile, warnings: Problems): void {
  const size = sizeWarning(algorithm);
  // Those whose signatures are long have keys of a new kind, too.
  if (size === undefined) return;
  warnings.at("algorithm").add(size);
  if (jwksKeyTypes !== "classic") return;
  warnings
    .at("jwksKeyTypes")
    .add(`classic leaves the keys of ${algorithm} out of the JWKS, so its verifiers cannot check what they sign`);
}
