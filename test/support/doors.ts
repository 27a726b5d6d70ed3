import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import { type JsonObject, parseExactJson } from "../../src/base/json.ts";
import { fromStruct, toValue } from "./struct.ts";

// biome-ignore lint/suspicious/noExplicitAny: what comes over a wire has no type until a test looks at it.
type Body = any;

/** The parameters of a token request as the gateway takes them. */
export type Form = Readonly<Record<string, string>>;

/** A refusal, in the words of OAuth2. */
export interface Refusal {
  readonly code: string;
  readonly description: string;
}

/** What a door answers to a mint or a refresh, in the words of neither wire. */
export interface Answer {
  readonly error?: Refusal;
  readonly accessToken?: string;
  readonly issuedTokenType?: string;
  readonly tokenType?: string;
  readonly expiresIn?: number;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scopes?: readonly string[];
}

/** What a door answers to an introspection. */
export interface Introspected {
  readonly error?: Refusal;
  readonly active?: boolean;
  /** All that is said of the token, but for `active`; empty if it is not active. */
  readonly claims?: JsonObject;
}

/** What a door answers to a revocation. */
export interface Revoked {
  readonly error?: Refusal;
}

/** One of the two ways into the house. A form's own client_id and client_secret are the caller's credentials. */
export interface Door {
  readonly name: string;
  mint(form: Form, tenant?: string): Promise<Answer>;
  /** The form needs no grant_type. */
  refresh(form: Form, tenant?: string): Promise<Answer>;
  introspect(form: Form, tenant?: string): Promise<Introspected>;
  revoke(form: Form, tenant?: string): Promise<Revoked>;
}

/** The OAuth2 gateway, by fetch. */
export function gatewayDoor(publicUrl: string): Door {
  /** What the gateway says: a refusal, or the body of its answer. */
  async function post(path: string, form: Form, tenant?: string): Promise<{ error?: Refusal; body?: Body }> {
    const base = tenant === undefined ? publicUrl : `${publicUrl}/${tenant}`;
    const response = await fetch(base + path, { method: "POST", body: new URLSearchParams(form) });
    const body: Body = await response.json();
    return response.ok ? { body } : { error: { code: body.error, description: body.error_description } };
  }

  async function tokens(form: Form, tenant?: string): Promise<Answer> {
    const { error, body } = await post("/connect/token", form, tenant);
    if (error !== undefined) return { error };
    return present({
      accessToken: body.access_token,
      issuedTokenType: body.issued_token_type,
      tokenType: body.token_type,
      expiresIn: body.expires_in,
      refreshToken: body.refresh_token,
      idToken: body.id_token,
      scopes: body.scope?.split(" "),
    });
  }

  return {
    name: "gateway",
    mint: tokens,
    refresh: (form, tenant) => tokens({ grant_type: "refresh_token", ...form }, tenant),
    async introspect(form, tenant) {
      const { error, body } = await post("/connect/introspect", form, tenant);
      if (error !== undefined) return { error };
      const { active, ...claims } = body;
      return { active, claims };
    },
    async revoke(form, tenant) {
      const { error, body } = await post("/connect/revocation", form, tenant);
      return error === undefined ? body : { error };
    },
  };
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The claims that an introspection has in fields of their own too. */
const REGISTERED = ["scope", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti"];

/** The RPC port, by a stock gRPC client that knows the .proto files alone. */
export function rpcDoor(port: number): Door & { close(): void } {
  const definition = loadSync("mintmark/v1/token_service.proto", {
    includeDirs: [`${root}proto`],
    keepCase: true,
    longs: Number,
    defaults: false,
    arrays: false,
  });
  // biome-ignore lint/suspicious/noExplicitAny: grpc-js has no types for what it reads from a .proto at run time.
  const TokenService = (grpc.loadPackageDefinition(definition) as any).mintmark.v1.TokenService;
  const client = new TokenService(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  /** What an RPC says: a refusal, or its answer. Rejects if there is no such tenant. */
  const call = (rpc: string, form: Form, message: object, tenant?: string) =>
    new Promise<{ error?: Refusal; body?: Body }>((resolve, reject) => {
      const { client_id, client_secret, client_assertion, client_assertion_type } = form;
      const metadata = new grpc.Metadata();
      if (client_id !== undefined && (client_secret || !client_assertion))
        metadata.set("authorization", basic(client_id, client_secret ?? ""));
      else if (client_id !== undefined) metadata.set("client-id", client_id);
      if (client_assertion) metadata.set("client-assertion", client_assertion);
      if (client_assertion_type) metadata.set("client-assertion-type", client_assertion_type);
      client[rpc]({ ...message, tenant }, metadata, (error: grpc.ServiceError | null, body: Body) => {
        if (error === null) resolve({ body });
        else if (error.code === grpc.status.NOT_FOUND) reject(error);
        else resolve({ error: refusalOf(error) });
      });
    });

  return {
    name: "rpc",
    mint: async (form, tenant) => answerOf(await call("Mint", form, messageOf(form), tenant)),
    refresh: async (form, tenant) => answerOf(await call("Refresh", form, messageOf(form), tenant)),
    async introspect(form, tenant) {
      const { error, body } = await call("Introspect", form, messageOf(form), tenant);
      if (error !== undefined) return { error };
      const { active, ...claims } = body.claims === undefined ? { active: false } : fromStruct(body.claims);
      const isActive = body.active === true;
      if (active !== isActive) throw new Error("An introspection contradicts itself.");
      for (const name of REGISTERED) {
        if (!isDeepStrictEqual(body[name], claims[name]))
          throw new Error(`An introspection has two values of ${name}.`);
      }
      return { active: isActive, claims };
    },
    async revoke(form, tenant) {
      const { error } = await call("Revoke", form, messageOf(form), tenant);
      return error === undefined ? {} : { error };
    },
    close: () => client.close(),
  };
}

function answerOf({ error, body }: { error?: Refusal; body?: Body }): Answer {
  if (error !== undefined) return { error };
  return present({
    accessToken: body.access_token,
    issuedTokenType: body.issued_token_type,
    tokenType: body.token_type,
    expiresIn: body.expires_in,
    refreshToken: body.refresh_token,
    idToken: body.id_token,
    scopes: body.scopes,
  });
}

/** Basic credentials as RFC 6749 section 2.3.1 has them. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;
}

/** A request in the fields of any RPC; those that its message does not have, proto-loader leaves out. */
function messageOf({
  scope,
  resource,
  audience,
  arbitrary_amrs,
  arbitrary_audiences,
  revoke_all_subjects,
  ...form
}: Form) {
  const {
    arbitrary_claims,
    arbitrary_json,
    custom_payload,
    confirmation,
    request_context,
    request_details,
    access_token_lifetime,
    id_token_lifetime,
    access_token_type,
    ...rest
  } = form;
  return present({
    ...rest,
    scopes: scope ? scope.split(" ") : undefined,
    resources: resource === undefined ? undefined : [resource],
    audiences: audience === undefined ? undefined : [audience],
    revoke_all_subjects: revoke_all_subjects === undefined ? undefined : toBoolean(revoke_all_subjects),
    arbitrary_amrs: arbitrary_amrs && parseExactJson(arbitrary_amrs),
    arbitrary_audiences: arbitrary_audiences && parseExactJson(arbitrary_audiences),
    arbitrary_claims: arbitrary_claims && toValue(parseExactJson(arbitrary_claims)).structValue,
    arbitrary_json: arbitrary_json && toValue(parseExactJson(arbitrary_json)).structValue,
    custom_payload: custom_payload && toValue(parseExactJson(custom_payload)),
    confirmation: confirmation && toValue(parseExactJson(confirmation)).structValue,
    request_context: request_context && toValue(parseExactJson(request_context)).structValue,
    request_details: request_details && toValue(parseExactJson(request_details)).structValue,
    access_token_lifetime: access_token_lifetime && toDuration(access_token_lifetime),
    id_token_lifetime: id_token_lifetime && toDuration(id_token_lifetime),
    access_token_type: access_token_type && `ACCESS_TOKEN_TYPE_${access_token_type.toUpperCase()}`,
  });
}

/** RPC has no third value. */
function toBoolean(text: string): boolean {
  if (text !== "true" && text !== "false") throw new Error(`no RPC can say ${text}`);
  return text === "true";
}

function toDuration(seconds: string) {
  return { seconds: Math.trunc(Number(seconds)), nanos: Math.round((Number(seconds) % 1) * 1e9) };
}

/** The OAuth2 words of a refusal, from its `grpc-status-details-bin`. */
function refusalOf(error: grpc.ServiceError): Refusal {
  const headers = Object.entries(error.metadata.getMap()).map(([name, value]): [string, string] => [
    name,
    typeof value === "string" ? value : value.toString("base64"),
  ]);
  const [detail] =
    findTrailerError(new Headers([["grpc-status", String(error.code)], ...headers]))?.findDetails(
      OAuthErrorDetailSchema,
    ) ?? [];
  if (detail === undefined) throw error;
  return { code: detail.error, description: detail.errorDescription };
}

function present<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== "")) as T;
}
