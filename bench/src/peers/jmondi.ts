/** @jmondi/oauth2-server with repositories in memory. Its access tokens are JWTs. */
import { AuthorizationServer } from "@jmondi/oauth2-server";
import jsonwebtoken from "jsonwebtoken";
import { CREDENTIALS } from "../services/credentials.ts";
import { type Post, serveForms } from "./form-server.ts";
import { SEED_PATH } from "./paths.ts";
import { publicKey, signJwt } from "./signing.ts";

interface Token {
  accessToken: string;
  accessTokenExpiresAt: Date;
  refreshToken?: string;
  refreshTokenExpiresAt?: Date;
  scopes: readonly object[];
}

const LIFETIME = 3_600_000;
const client = {
  id: CREDENTIALS.client_id,
  name: "client",
  secret: CREDENTIALS.client_secret,
  redirectUris: [],
  allowedGrants: ["client_credentials", "refresh_token"],
  scopes: [],
};
const user = { id: "alice" };
const byAccess = new Map<string, Token>();
const byRefresh = new Map<string, Token>();

const clients = {
  getByIdentifier: async () => client,
  isClientValid: async (_grant: string, _client: object, secret: string) => secret === client.secret,
};
const tokens = {
  issueToken: async (_client: object, scopes: readonly object[]) => ({
    accessToken: crypto.randomUUID(),
    accessTokenExpiresAt: inAnHour(),
    client,
    user,
    scopes,
  }),
  issueRefreshToken: async (token: Token) => {
    token.refreshToken = crypto.randomUUID();
    token.refreshTokenExpiresAt = inAnHour();
    byRefresh.set(token.refreshToken, token);
    return token;
  },
  persist: async (token: Token) => void byAccess.set(token.accessToken, token),
  revoke: async ({ accessToken, refreshToken = "" }: Token) => {
    byAccess.delete(accessToken);
    byRefresh.delete(refreshToken);
  },
  isRefreshTokenRevoked: async ({ refreshToken = "" }: Token) => !byRefresh.has(refreshToken),
  getByRefreshToken: async (id: string) => byRefresh.get(id),
  getByAccessToken: async (id: string) => byAccess.get(id),
};
const scopes = {
  getAllByIdentifiers: async (names: readonly string[]) => names.map((name) => ({ name })),
  finalize: async (all: readonly object[]) => all,
};
const jwt = {
  sign: async (claims: object) => signJwt(claims),
  verify: async (token: string, options?: object) => jsonwebtoken.verify(token, publicKey, options),
  decode: (token: string) => jsonwebtoken.decode(token),
};
const server = new AuthorizationServer(clients, tokens, scopes, jwt);

serveForms(async (post) => (post.path === SEED_PATH ? seed() : (await answer(post)).body));

function answer({ path, headers, form }: Post) {
  const request = { headers, query: {}, body: form };
  return path === "/introspect" ? server.introspect(request) : server.respondToAccessTokenRequest(request);
}

async function seed(): Promise<object> {
  const token: Token = await tokens.issueToken(client, [{ name: "nitro" }]);
  await tokens.persist(token);
  const { refreshToken } = await tokens.issueRefreshToken(token);
  const claims = {
    client_id: client.id,
    refresh_token_id: refreshToken,
    scope: "nitro",
    expire_time: inAnHour().getTime(),
  };
  return { refresh_token: signJwt(claims) };
}

function inAnHour(): Date {
  return new Date(Date.now() + LIFETIME);
}
