import { fileURLToPath } from "node:url";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { OAuthErrorDetailSchema } from "../../gen/mintmark/v1/error_pb.ts";
import type { JsonValue } from "../../src/token/json.ts";

/** The parameters of a token request as the gateway takes them. */
export type Form = Readonly<Record<string, string>>;

/** What a door answers, in the words of neither wire. */
export interface Answer {
  readonly error?: { readonly code: string; readonly description: string };
  readonly accessToken?: string;
  readonly tokenType?: string;
  readonly expiresIn?: number;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly scopes?: readonly string[];
}

/** One of the two ways into the house. */
export interface Door {
  readonly name: string;
  /** Mints with the form's own client_id and client_secret. */
  mint(form: Form, tenant?: string): Promise<Answer>;
}

/** The OAuth2 gateway, by fetch. */
export function gatewayDoor(publicUrl: string): Door {
  return {
    name: "gateway",
    async mint(form, tenant) {
      const path = tenant === undefined ? "/connect/token" : `/${tenant}/connect/token`;
      const response = await fetch(publicUrl + path, { method: "POST", body: new URLSearchParams(form) });
      // biome-ignore lint/suspicious/noExplicitAny: what comes over the wire has no type until a test looks at it.
      const body: any = await response.json();
      if (!response.ok) return { error: { code: body.error, description: body.error_description } };
      return present({
        accessToken: body.access_token,
        tokenType: body.token_type,
        expiresIn: body.expires_in,
        refreshToken: body.refresh_token,
        idToken: body.id_token,
        scopes: body.scope?.split(" "),
      });
    },
  };
}

const root = fileURLToPath(new URL("../..", import.meta.url));

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
  return {
    name: "rpc",
    mint: ({ client_id, client_secret, ...form }, tenant) =>
      new Promise((resolve, reject) => {
        const metadata = new grpc.Metadata();
        if (client_id !== undefined) metadata.set("authorization", basic(client_id, client_secret ?? ""));
        // biome-ignore lint/suspicious/noExplicitAny: see above.
        client.Mint({ ...messageOf(form), tenant }, metadata, (error: grpc.ServiceError | null, answer: any) => {
          if (error === null) resolve(answerOf(answer));
          else if (error.code === grpc.status.NOT_FOUND) reject(error);
          else resolve({ error: refusalOf(error) });
        });
      }),
    close: () => client.close(),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: see above.
function answerOf(answer: any): Answer {
  return present({
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresIn: answer.expires_in,
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    scopes: answer.scopes,
  });
}

/** Basic credentials as RFC 6749 section 2.3.1 has them. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;
}

function messageOf({ scope, arbitrary_amrs, arbitrary_audiences, ...form }: Form) {
  const {
    arbitrary_claims,
    arbitrary_json,
    custom_payload,
    access_token_lifetime,
    id_token_lifetime,
    access_token_type,
    ...rest
  } = form;
  return present({
    ...rest,
    scopes: scope ? scope.split(" ") : undefined,
    arbitrary_amrs: arbitrary_amrs && JSON.parse(arbitrary_amrs),
    arbitrary_audiences: arbitrary_audiences && JSON.parse(arbitrary_audiences),
    arbitrary_claims: arbitrary_claims && toValue(JSON.parse(arbitrary_claims)).structValue,
    arbitrary_json: arbitrary_json && toValue(JSON.parse(arbitrary_json)).structValue,
    custom_payload: custom_payload && toValue(JSON.parse(custom_payload)),
    access_token_lifetime: access_token_lifetime && toDuration(access_token_lifetime),
    id_token_lifetime: id_token_lifetime && toDuration(id_token_lifetime),
    access_token_type: access_token_type && `ACCESS_TOKEN_TYPE_${access_token_type.toUpperCase()}`,
  });
}

function toDuration(seconds: string) {
  return { seconds: Math.trunc(Number(seconds)), nanos: Math.round((Number(seconds) % 1) * 1e9) };
}

/** google.protobuf.Value as proto-loader takes it. */
function toValue(value: JsonValue): Record<string, unknown> {
  if (value === null) return { nullValue: "NULL_VALUE" };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(toValue) } };
  return {
    structValue: { fields: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toValue(member)])) },
  };
}

/** The OAuth2 words of a refusal, from its `grpc-status-details-bin`. */
function refusalOf(error: grpc.ServiceError): { code: string; description: string } {
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
