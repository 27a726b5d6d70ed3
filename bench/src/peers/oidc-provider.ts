/** oidc-provider with a store in memory: JWTs if an algorithm is given, opaque tokens otherwise. */
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { CREDENTIALS } from "../services/credentials.ts";
import { MemoryAdapter } from "./oidc-adapter.ts";
import { SEED_PATH } from "./paths.ts";
import { algorithm, privateKey } from "./signing.ts";

const RESOURCE = "urn:bench:nitro";
const { client_id, client_secret } = CREDENTIALS;

const provider = new Provider("http://127.0.0.1", {
  adapter: MemoryAdapter,
  clients: [
    {
      client_id,
      client_secret,
      grant_types: ["client_credentials", "refresh_token", "authorization_code"],
      redirect_uris: ["https://client.example/callback"],
      token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: algorithm ?? "ES256",
    },
  ],
  routes: { token: "/token", introspection: "/introspect" },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: algorithm ?? "ES256" }] },
  scopes: ["nitro", "offline_access"],
  rotateRefreshToken: true,
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: algorithm !== undefined,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "nitro",
        audience: "nitro",
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: algorithm } },
      }),
    },
  },
  ttl: { AccessToken: 3600, ClientCredentials: 3600, RefreshToken: 86_400, Grant: 86_400 },
});
const handle = provider.callback();

createServer(async (request, response) => {
  if (request.url !== SEED_PATH) return handle(request, response);
  request.resume();
  await once(request, "end");
  response.end(JSON.stringify({ refresh_token: await seed() }));
}).listen(Number(process.argv[2]), "127.0.0.1");

/** A refresh token of a new grant, as an authorization code would give it. */
async function seed(): Promise<string> {
  const client = await provider.Client.find(client_id);
  const grant = new provider.Grant({ accountId: "alice", clientId: client_id });
  grant.addResourceScope(RESOURCE, "nitro");
  grant.addOIDCScope("nitro offline_access");
  const members = {
    accountId: "alice",
    client,
    grantId: await grant.save(),
    gty: "authorization_code",
    scope: "nitro offline_access",
    ...(algorithm !== undefined && { resource: RESOURCE }),
  };
  return new provider.RefreshToken(members).save();
}
