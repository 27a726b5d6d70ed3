import { createHash } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { MintRequestSchema } from "../../gen/mintmark/v1/token_service_pb.ts";
import { formatSha256 } from "../../src/registry/secret.ts";
import { basic, type Form } from "../support/doors.ts";
import type { OidcService } from "../support/oidc-service.ts";
import { CLIENT_ID, SECRET } from "../support/tenant.ts";

export interface Refusal {
  readonly code: string;
  readonly description: string;
}

/** Gets itself refused. */
export type Attempt = () => Promise<Refusal>;

export const credentials = { client_id: CLIENT_ID, client_secret: SECRET };

/** For every grant, a form with the parameters that it requires and no other. */
export async function requiredForms(service: OidcService) {
  return {
    arbitrary_token: { issuer: service.publicUrl },
    arbitrary_no_subject: { arbitrary_claims: "{}" },
    arbitrary_resource_owner: { subject: "someone", arbitrary_claims: "{}" },
    arbitrary_oidc_resource_owner: {
      authority: "wellknown://google",
      id_token: await service.idToken(),
      arbitrary_claims: "{}",
    },
    arbitrary_identity: { subject: "someone", scope: "a" },
    client_credentials: {},
    [TOKEN_EXCHANGE]: {
      subject_token: await service.idToken(),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    },
    [JWT_BEARER]: { assertion: await service.assertion() },
  } satisfies Record<string, Form>;
}

export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

export type GrantType = keyof Awaited<ReturnType<typeof requiredForms>>;

const secrets = [formatSha256(createHash("sha256").update(SECRET).digest())];

/** A client that may exchange its own tokens. */
function exchanging(mode: "delegation" | "impersonation") {
  const subjectTokens: "access_token"[] = ["access_token"];
  return { secrets, grants: [TOKEN_EXCHANGE], scopes: ["a"], tokenExchange: { subjectTokens, mode } };
}

/** An issuer that is two authorities of a tenant. */
export const TWIN = "https://staff.example";

/** A tenant that has it. */
export const twinsTenant = {
  authorities: Object.fromEntries(
    ["one", "other"].map((name) => [
      name,
      { issuer: TWIN, audiences: ["us"], subjectPrefix: `${name}.`, assertions: "once" as const },
    ]),
  ),
  clients: { twin: { secrets, grants: [JWT_BEARER] } },
};

/** A tenant that refuses what the development configuration's allow. */
export const closedTenant = {
  strictClientAuthentication: true,
  clients: {
    closed: {
      secrets,
      grants: ["arbitrary_no_subject", "arbitrary_oidc_resource_owner"],
      scopes: ["a"],
      claims: { "*": { region: "eu" } },
      allowedAudiences: ["a"],
      allowedSubjects: ["user-*"],
    },
    delegates: exchanging("delegation"),
    impersonates: exchanging("impersonation"),
    disabled: { secrets, enabled: false },
    public: { secrets, requireSecret: false },
  },
};

/** Posts a body to the token endpoint, and gives its answer. */
async function send(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  // biome-ignore lint/suspicious/noExplicitAny: what comes over the wire has no type until it is looked at.
): Promise<any> {
  const response = await fetch(url, { method: "POST", body, headers });
  return response.json();
}

/** The refusal that an answer of either door is. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export function refusalIn(answer: any): Refusal {
  if (typeof answer.error === "string") return { code: answer.error, description: answer.error_description };
  const detail = answer.details?.[0]?.debug;
  if (detail === undefined) throw new Error(`This is no refusal: ${Object.keys(answer)}`);
  return { code: detail.error, description: detail.errorDescription };
}

/** The ways to be refused, at the service's own doors. `forms`: see {@link requiredForms}. */
export function attempts(service: OidcService, forms: Awaited<ReturnType<typeof requiredForms>>) {
  const url = `${service.publicUrl}/connect/token`;
  const FORM = { "content-type": "application/x-www-form-urlencoded" };

  const raw =
    (body: string | Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>> = FORM): Attempt =>
    async () =>
      refusalIn(await send(url, body, headers));
  const post =
    (form: Form, path = "/connect/token", headers: Readonly<Record<string, string>> = {}): Attempt =>
    async () =>
      refusalIn(await send(service.publicUrl + path, `${new URLSearchParams(form)}`, { ...FORM, ...headers }));
  /** A form of a grant with some parameters changed; an empty one is left out. */
  const mint = (grant_type: GrantType, changes: Form = {}): Attempt =>
    post({ ...credentials, grant_type, ...forms[grant_type], ...changes });
  /** The same for a client of the closed tenant. */
  const closed = (grant_type: GrantType, changes: Form = {}, headers = {}): Attempt =>
    post(
      { client_id: "closed", client_secret: SECRET, grant_type, ...forms[grant_type], ...changes },
      "/closed/connect/token",
      headers,
    );
  const rpc = (body: string | Uint8Array<ArrayBuffer>, type: "json" | "proto"): Attempt => {
    const headers = {
      "content-type": `application/${type}`,
      authorization: basic(CLIENT_ID, SECRET),
    };
    return async () => refusalIn(await send(`${service.publicUrl}/mintmark.v1.TokenService/Mint`, body, headers));
  };
  const message = (init: MessageInitShape<typeof MintRequestSchema>): Attempt =>
    rpc(Uint8Array.from(toBinary(MintRequestSchema, create(MintRequestSchema, init))), "proto");
  /** An access token that a form mints. */
  const minted = async (grant_type: GrantType, changes: Form = {}): Promise<string> => {
    const form = { ...credentials, grant_type, ...forms[grant_type], ...changes };
    const answer = await send(url, `${new URLSearchParams(form)}`, FORM);
    return answer.access_token;
  };
  return { raw, post, mint, closed, rpc, message, minted };
}
