import type { Client, Tenant } from "../../registry/tenant.ts";
import type { Caller } from "../request.ts";
import type { SecretVerifier } from "./secrets.ts";

/** Who a client says that it is, and how it proves that. */
export interface Presentation {
  readonly clientId: string;
  /** Whether it came with a proof, right or wrong; without one it may be a public client. */
  readonly hasProof: boolean;
  /** Whether the proof is right. `client`: undefined if none of that id is configured. */
  verify(client: Client | undefined): Promise<boolean>;
}

/** What reading a presentation needs. */
export interface MethodContext {
  readonly tenant: Tenant;
  readonly secrets: SecretVerifier;
}

/** A way for clients to prove who they are (RFC 6749 section 2.3): one file here, one line in the index. */
export interface ClientAuthenticationMethod {
  /** As the metadata names it (`token_endpoint_auth_methods_supported`, RFC 8414 section 2): one name for each form of it. */
  readonly names: readonly string[];
  /**
   * What a caller presents by this method; undefined if nothing. Throws OAuthError `invalid_client` if that is malformed,
   * `invalid_request` if it is more than any may be.
   */
  read(caller: Caller, context: MethodContext): Presentation | undefined;
}
