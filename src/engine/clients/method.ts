import type { Authorities } from "../../authorities/port.ts";
import type { Client, Tenant } from "../../registry/tenant.ts";
import type { Known } from "../../telemetry/events.ts";
import type { Uses } from "../first-use.ts";
import type { Attempts } from "../limits/attempts.ts";
import type { Caller } from "../request.ts";
import type { SecretVerifier } from "./secrets.ts";

/** Who a client claims to be, and how it proves that. */
export interface Presentation {
  /** The method's name in the metadata, or `none` without a proof. */
  readonly method: string;
  readonly clientId: string;
  /** What the proof is called in a refusal. */
  readonly proof: "secret" | "client_assertion" | "certificate";
  /**
   * Whether it came with a proof, right or wrong. Without one it may be a public client; it counts only if no other
   * method has a proof.
   */
  readonly hasProof: boolean;
  /** Checks the proof. `client` is undefined if no client of that id is configured. */
  verify(client: Client | undefined): Promise<boolean>;
}

/** What a method needs to read and check credentials. */
export interface MethodContext extends Uses {
  readonly tenant: Tenant;
  readonly secrets: SecretVerifier;
  readonly attempts: Attempts;
  /** Knows the keys of clients. */
  readonly authorities: Pick<Authorities, "checkSignature">;
  /** Notes what the event of the request's end should say, however that is. */
  note(known: Known): void;
}

/** A client authentication method (RFC 6749 section 2.3): one file here, one line in the index. */
export interface ClientAuthenticationMethod {
  /**
   * Its names in the metadata (`token_endpoint_auth_methods_supported`, RFC 8414 section 2): one for each form of it.
   */
  readonly names: readonly string[];
  /** Whether its proof is a signature (`token_endpoint_auth_signing_alg_values_supported`). */
  readonly isSigned: boolean;
  /** Whether the client's registration has what it needs. */
  mayUse(client: Client, tenant: Tenant): boolean;
  /**
   * Reads what a caller presents by this method; undefined if the caller does not use it. Throws OAuthError
   * `invalid_client` if the credentials are malformed, `invalid_request` if they are too long.
   */
  read(caller: Caller, context: MethodContext): Presentation | undefined;
}
