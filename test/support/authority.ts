import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { type Clock, systemClock, toSeconds } from "../../src/base/clock.ts";
import type { JsonValue } from "../../src/base/json.ts";

/** Claims or header parameters that are added, replaced, or (undefined) left out. */
export type Changes = Readonly<Record<string, JsonValue | undefined>>;

/** What an authority serves. */
export type Document = "discovery" | "keys";

/** An OpenID provider on loopback: discovery, keys and id_tokens, and no users. */
export interface TestAuthority {
  readonly issuer: string;
  /** The documents that were asked for, in order. */
  readonly requests: readonly Document[];
  /** Its public keys: change them to change what it publishes. */
  readonly keys: JWK[];
  /** An id_token for `someone` and `the-audience`, valid for five minutes by the authority's clock. */
  idToken(claims?: Changes, header?: Changes): Promise<string>;
  /** Signs with a new key from now on, the only one that it publishes. */
  rotate(): Promise<void>;
  /** Serves that instead of its own document, or its own again. */
  serve(document: Document, listener?: RequestListener): void;
  /** Serves nothing: whoever connects is cut off. Or, with false, serves its own documents again. */
  die(dead?: boolean): void;
  stop(): Promise<void>;
}

export const AUDIENCE = "the-audience";

/** Starts one. It signs with ES256, by the machine's clock, unless told otherwise. */
export async function startAuthority({
  algorithm = "ES256",
  clock = systemClock(),
}: {
  readonly algorithm?: string;
  readonly clock?: Clock;
} = {}): Promise<TestAuthority> {
  const requests: Document[] = [];
  const keys: JWK[] = [];
  const served: { [document in Document]?: RequestListener | undefined } = {};
  let generation = 0;
  let privateKey: CryptoKey;

  async function rotate(): Promise<void> {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    generation += 1;
    privateKey = pair.privateKey;
    keys.splice(0, keys.length, { ...(await exportJWK(pair.publicKey)), alg: algorithm, use: "sig", kid: kid() });
  }
  const kid = () => `key-${generation}`;
  await rotate();

  const own: Readonly<Record<Document, RequestListener>> = {
    discovery: (request, response) => answers({ issuer, jwks_uri: `${issuer}/keys` })(request, response),
    keys: (request, response) => answers({ keys })(request, response),
  };
  const server = createServer((request, response) => {
    const document = PATHS[request.url ?? ""];
    if (document === undefined) return response.writeHead(404).end();
    requests.push(document);
    return (served[document] ?? own[document])(request, response);
  });
  const issuer = `http://127.0.0.1:${await listen(server)}`;

  return {
    issuer,
    requests,
    keys,
    rotate,
    idToken(claims = {}, header = {}) {
      const now = toSeconds(clock.now());
      const all = { iss: issuer, aud: AUDIENCE, sub: "someone", iat: now, exp: now + 300, ...claims };
      const protectedHeader = withoutUndefined({ alg: algorithm, kid: kid(), typ: "JWT", ...header });
      return new SignJWT(withoutUndefined(all))
        .setProtectedHeader({ alg: algorithm, ...protectedHeader })
        .sign(privateKey);
    },
    serve(document, listener) {
      served[document] = listener;
    },
    die(dead = true) {
      served.discovery = served.keys = dead ? cutsOff : undefined;
    },
    stop: () => close(server),
  };
}

const PATHS: Readonly<Record<string, Document>> = { "/.well-known/openid-configuration": "discovery", "/keys": "keys" };

/** Answers with JSON, or with a text as it is. */
export function answers(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): RequestListener {
  return (_, response) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  };
}

/** Takes the request and never answers. */
export const hangs: RequestListener = () => {};

const cutsOff: RequestListener = (request) => request.socket.destroy();

function withoutUndefined(changes: Changes): Record<string, JsonValue> {
  return JSON.parse(JSON.stringify(changes));
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Cuts off whoever is still connected. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
