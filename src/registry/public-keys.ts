import type { JsonObject } from "../base/json.ts";

/** Where somebody's public keys are: here as JWKs, or at the URL of a JWKS. */
export type PublicKeys =
  | { readonly jwks: readonly JsonObject[] }
  | {
      readonly jwksUri: string;
      /** Whether it may be at addresses in a private network. */
      readonly allowPrivateNetwork: boolean;
    };

/** Who vouches for workloads: a cluster of Kubernetes or another OpenID provider, or a trust domain of SPIFFE. */
export interface WorkloadIssuer {
  /** `issuer`: by the `iss` of its tokens; `trust domain`: by that of the SPIFFE id in `sub`. */
  readonly by: "issuer" | "trust domain";
  readonly name: string;
  /** Its own, or those that its discovery document names. */
  readonly keys: PublicKeys | { readonly issuer: string; readonly allowPrivateNetwork: boolean };
}

/** A workload, as its issuer names it. */
export interface Workload {
  /** The name of one of the tenant's {@link WorkloadIssuer}s. */
  readonly issuer: string;
  /** The `sub` of its tokens, word for word. */
  readonly subject: string;
}
