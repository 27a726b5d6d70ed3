import type { JsonObject } from "../../src/base/json.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import type { Engine, InstanceEngine, TenantEngine } from "../../src/engine/port.ts";
import type {
  Caller,
  Introspection,
  IntrospectRequest,
  MintRequest,
  RefreshRequest,
  RevokeRequest,
  TokenSet,
} from "../../src/engine/request.ts";
import { testTenant } from "./tenant.ts";

export const TOKENS: TokenSet = { accessToken: "at", tokenType: "Bearer", expiresIn: 29, scopes: [] };

type Operation = "mint" | "refresh" | "introspect" | "introspectSigned" | "revoke";
type Request = MintRequest | RefreshRequest | IntrospectRequest | RevokeRequest;

interface Asked {
  readonly operation: Operation;
  readonly tenant: string;
  readonly credentials: Caller;
  readonly request: Request;
}

/**
 * Knows the tenants `default` and `acme`, keeps what reached it, and answers what a test wants. It does what clients
 * may ask for, and nothing of what is for operators.
 */
export class FakeEngine implements Engine {
  readonly asked: Asked[] = [];
  /** Where each that was asked came from. */
  readonly remoteAddresses: (string | undefined)[] = [];
  /** What mint and refresh answer. */
  answer: () => Promise<TokenSet> = async () => TOKENS;
  introspection: () => Promise<Introspection> = async () => ({ active: false });
  revocation: () => Promise<void> = async () => undefined;
  keys: readonly JsonObject[] = [{ kty: "OKP", kid: "k1", alg: "ES256" }];

  /** It does nothing of what is for operators. */
  readonly instance = {} as InstanceEngine;

  forTenant(id: string): TenantEngine | undefined {
    if (id !== "default" && id !== "acme") return undefined;
    const issuer = id === "default" ? "https://mint.example" : "https://mint.example/acme";
    const keep = (operation: Operation) => (credentials: Caller, request: Request) => {
      const { remoteAddress, requestId: _, traceParent: __, traceState: ___, ...presented } = credentials;
      this.remoteAddresses.push(remoteAddress);
      this.asked.push({ operation, tenant: id, credentials: presented, request });
      if (operation === "introspect") return this.introspection();
      if (operation === "introspectSigned")
        return this.introspection().then((introspection) => ({ introspection, jwt: "a.b.c" }));
      return operation === "revoke" ? this.revocation() : this.answer();
    };
    const clientsPart: Partial<TenantEngine> = {
      tenant: testTenant({ id, issuer }),
      grantParameters: new Map([
        ["arbitrary_token", ["issuer"]],
        ["arbitrary_identity", ["subject", "scope"]],
      ]),
      refreshableGrants: new Set(["arbitrary_token", "arbitrary_identity"]),
      clientAuthentication: () => ({ methods: ["client_secret_basic", "client_secret_post"], signingAlgorithms: [] }),
      jwks: async () => ({ keys: this.keys }),
      mint: keep("mint") as TenantEngine["mint"],
      refresh: keep("refresh") as TenantEngine["refresh"],
      introspect: keep("introspect") as TenantEngine["introspect"],
      introspectSigned: keep("introspectSigned") as TenantEngine["introspectSigned"],
      revoke: keep("revoke") as TenantEngine["revoke"],
    };
    return clientsPart as TenantEngine;
  }

  /** Has every operation fail. A refusal has been told of already, as one of `perform`. */
  fail(error: unknown): void {
    if (error instanceof OAuthError) error.isReported = true;
    const fail = (): Promise<never> => Promise.reject(error);
    this.answer = this.introspection = this.revocation = fail;
  }

  /** The last request, without the members that are absent. */
  get request(): Record<string, unknown> {
    return present(this.asked.at(-1)?.request);
  }

  /** The last credentials, without those that are absent. */
  get credentials(): Record<string, unknown> {
    return present(this.asked.at(-1)?.credentials);
  }
}

function present(members: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members ?? {}).filter(([, value]) => value !== undefined));
}
