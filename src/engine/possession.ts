import { isJsonObject, type JsonObject, type JsonValue } from "../base/json.ts";
import { KeyUnavailableError } from "../keyring/port.ts";
import { isDpopNonce, makeDpopNonce } from "../possession/dpop-nonce.ts";
import { type DpopProof, DpopProofError, verifyDpopProof } from "../possession/dpop-proof.ts";
import type { Client } from "../registry/tenant.ts";
import type { RequestContext } from "./context.ts";
import { DpopNonceError } from "./dpop-nonce-error.ts";
import { OAuthError } from "./errors.ts";
import { useOnce } from "./first-use.ts";

/** The keys that a caller has proven to hold, by their names in `cnf` (RFC 7800 section 3.1). */
interface ProvenKeys {
  /** The thumbprint of the key of its DPoP proof (RFC 9449 section 6). */
  readonly jkt?: string | undefined;
  /** The thumbprint of its certificate (RFC 8705 section 3.1). */
  readonly "x5t#S256"?: string | undefined;
}

/** What the caller of one request has proven to hold, and what its tokens are bound to therefore. */
export class Possession {
  readonly #proven: ProvenKeys;
  #binding: JsonObject | undefined;

  /** `binding`: what the tokens of the request are bound to, whatever it shows; undefined: to nothing. */
  constructor(proven: ProvenKeys, binding: JsonObject | undefined) {
    this.#proven = proven;
    this.#binding = binding;
  }

  /** What the tokens of the request are bound to: their `cnf`. */
  get binding(): JsonObject | undefined {
    return this.#binding;
  }

  /**
   * Whether the caller holds all that the `cnf` of a token or a grant demands of whoever uses it. Nothing in it may be
   * unknown. What comes of it is then bound as well, since nothing is ever loosened.
   */
  confirms(cnf: JsonValue | undefined): boolean {
    if (cnf === undefined) return true;
    const isConfirmed = this.#holds(cnf);
    if (isConfirmed && isJsonObject(cnf)) this.#binding ??= cnf;
    return isConfirmed;
  }

  #holds(cnf: JsonValue): boolean {
    if (!isJsonObject(cnf)) return false;
    const proven = new Map(Object.entries(this.#proven));
    const demands = Object.entries(cnf);
    return (
      demands.length > 0 && demands.every(([name, value]) => typeof value === "string" && proven.get(name) === value)
    );
  }
}

/**
 * Finds out what the caller holds: the key of its DPoP proof (RFC 9449 section 5), and the one of its certificate (RFC 8705
 * section 3). A proof counts once, on all nodes, so call this once for a request.
 *
 * Throws OAuthError `invalid_dpop_proof` if the proof is not valid, or is missing although the client needs one,
 * {@link DpopNonceError} if it has no nonce of the mint although the client needs one, `invalid_request` if a certificate is
 * missing although the client needs one.
 */
export async function possessionOf(context: RequestContext, client: Client): Promise<Possession> {
  const jkt = await provenKey(context, client);
  const { certificate } = context.caller;
  if (client.certificateBoundTokens && certificate === undefined)
    throw new OAuthError("invalid_request", "A certificate of the connection is required for this client.");
  const x5t = certificate?.thumbprint;
  const ofCertificate = client.certificateBoundTokens && x5t !== undefined ? { "x5t#S256": x5t } : undefined;
  return new Possession({ jkt, "x5t#S256": x5t }, jkt === undefined ? ofCertificate : { jkt });
}

/** The nonce that the client's next proof needs (RFC 9449 section 8.2); undefined if it needs none. */
export function nextNonce(context: RequestContext, { dpopNonce }: Client): string | undefined {
  return dpopNonce ? newNonce(context) : undefined;
}

const USED_UP = { "used before": "its jti was used before", expired: "it has expired meanwhile" } as const;

/** The thumbprint of the key that a proof proves; undefined without a proof. */
async function provenKey(context: RequestContext, client: Client): Promise<string | undefined> {
  const { proofs, ...request } = context.caller.dpop ?? { proofs: [], method: "", urls: [] };
  const [proof, second] = proofs;
  if (second !== undefined) throw refused("a request has one at most");
  if (proof === undefined) {
    if (client.dpop === "required") throw new OAuthError("invalid_dpop_proof", "DPoP is required for this client.");
    return undefined;
  }
  const verified = verify(proof, { ...request, ...context.tenant.dpop, now: context.reading.now });
  if (client.dpopNonce) requireNonce(context, verified);
  const { jkt, jti, expiresAt } = verified;
  const flaw = await useOnce(context, { name: ["dpop", jkt, jti], acceptedUntil: expiresAt });
  if (flaw !== undefined) throw refused(USED_UP[flaw]);
  return jkt;
}

function verify(proof: string, expected: Parameters<typeof verifyDpopProof>[1]): DpopProof {
  try {
    return verifyDpopProof(proof, expected);
  } catch (error) {
    throw error instanceof DpopProofError ? refused(error.message) : error;
  }
}

function requireNonce(context: RequestContext, { nonce }: DpopProof): void {
  const { keyring, reading } = context;
  const isOurs =
    nonce !== undefined && isDpopNonce(nonce, reading.now, (generation, text) => keyring.mac(generation, text));
  if (!isOurs) throw new DpopNonceError(newNonce(context));
}

function newNonce({ keyring, reading: { now } }: RequestContext): string {
  const nonce = makeDpopNonce(now, keyring.macGeneration(now), (generation, text) => keyring.mac(generation, text));
  if (nonce === undefined) throw new KeyUnavailableError("The active key for refresh tokens is not loaded.");
  return nonce;
}

function refused(flaw: string): OAuthError {
  return new OAuthError("invalid_dpop_proof", `DPoP is not a valid proof: ${flaw}.`);
}
