/** @node-oauth/oauth2-server with a model in memory: its own random tokens, or JWTs if an algorithm is given. */
import OAuth2Server from "@node-oauth/oauth2-server";
import { CREDENTIALS } from "../services/credentials.ts";
import { type Post, serveForms } from "./form-server.ts";
import { SEED_PATH } from "./paths.ts";
import { algorithm, signJwt } from "./signing.ts";

interface Token {
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken?: string;
  readonly refreshTokenExpiresAt?: Date;
  readonly scope: readonly string[];
}

const client = { id: CREDENTIALS.client_id, grants: ["client_credentials", "refresh_token"] };
const user = { id: "alice" };
const tokens = new Map<string, object>();
const LIFETIME = 3600;

const model = {
  getClient: async (id: string, secret: string) =>
    id === CREDENTIALS.client_id && secret === CREDENTIALS.client_secret ? client : undefined,
  getUserFromClient: async () => user,
  saveToken: async (token: Token) => {
    const saved = { ...token, client, user };
    tokens.set(token.accessToken, saved);
    if (token.refreshToken !== undefined) tokens.set(token.refreshToken, saved);
    return saved;
  },
  getAccessToken: async (token: string) => tokens.get(token),
  getRefreshToken: async (token: string) => tokens.get(token),
  revokeToken: async ({ accessToken, refreshToken = "" }: Token) => {
    tokens.delete(accessToken);
    return tokens.delete(refreshToken);
  },
  ...(algorithm !== undefined && { generateAccessToken: async () => signJwt(claims()) }),
};
const server = new OAuth2Server({ model });

serveForms((post) => (post.path === SEED_PATH ? seed() : grant(post)));

/** The token endpoint. The library leaves the body to the application. */
async function grant({ headers, form }: Post): Promise<object> {
  const request = new OAuth2Server.Request({ headers, method: "POST", query: {}, body: form });
  const response = new OAuth2Server.Response();
  await server.token(request, response);
  return response.body;
}

async function seed(): Promise<object> {
  const refreshToken = crypto.randomUUID();
  const expiry = new Date(Date.now() + 1000 * LIFETIME);
  const accessToken = crypto.randomUUID();
  await model.saveToken({ accessToken, accessTokenExpiresAt: expiry, refreshToken, scope: ["nitro"] });
  return { refresh_token: refreshToken };
}

function claims(): object {
  const now = Math.floor(Date.now() / 1000);
  const { id } = user;
  return {
    iss: "http://127.0.0.1",
    aud: "nitro",
    sub: id,
    exp: now + LIFETIME,
    jti: crypto.randomUUID(),
    scope: "nitro",
  };
}
