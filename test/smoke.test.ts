import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rpcDoor } from "./support/doors.ts";
import { TELL_PACKAGES } from "./support/loaded-packages.ts";
import { type ServiceProcess, startProcess } from "./support/process.ts";

const client: oauth.Client = { client_id: "arbitrary-resource-owner-client" };
const insecure = { [oauth.allowInsecureRequests]: true };

let folder: string;
let service: ServiceProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-smoke-"));
  service = await startProcess(folder, { NODE_OPTIONS: TELL_PACKAGES.join(" ") });
});
afterAll(async () => {
  service.child.kill();
  rmSync(folder, { recursive: true });
});

/** The authorization server as its metadata has it. */
async function discover(issuer: string, algorithm: "oidc" | "oauth2"): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure }));
}

/** The claims of a token, verified with the keys that the issuer's metadata names. */
async function verify(server: oauth.AuthorizationServer, jwt: string) {
  const jwks = createRemoteJWKSet(new URL(server.jwks_uri ?? ""));
  return (await jwtVerify(jwt, jwks, { issuer: server.issuer, audience: `${server.issuer}/resources` })).payload;
}

function mint(server: oauth.AuthorizationServer, authentication: oauth.ClientAuth, members: Record<string, string>) {
  return oauth.genericTokenEndpointRequest(
    server,
    client,
    authentication,
    "arbitrary_resource_owner",
    members,
    insecure,
  );
}

describe("the real process", () => {
  it("says that it is for development", () => {
    expect(service.output()).toContain("never use it in production");
  });

  it("keeps its key and its data to itself", () => {
    const data = join(folder, "data");
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).mode & 0o077, name).toBe(0);
    expect(readdirSync(data)).toContain("mintmark.db");
  });

  it.each(["oidc", "oauth2"] as const)(
    "serves a stock OAuth2 client that found it by %s discovery, also after a restart",
    async (algorithm) => {
      const server = await discover(`${service.publicUrl}/acme`, algorithm);
      for (const authentication of [oauth.ClientSecretBasic("secret"), oauth.ClientSecretPost("secret")]) {
        const answer = await mint(server, authentication, {
          subject: "alice",
          arbitrary_claims: '{"role":["admin"]}',
          scope: "a offline_access",
        });
        const tokens = await oauth.processGenericTokenEndpointResponse(server, client, answer);
        expect(await verify(server, tokens.access_token)).toMatchObject({ sub: "alice", role: "admin" });

        const refreshed = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          tokens.refresh_token ?? "",
          insecure,
        );
        const next = await oauth.processRefreshTokenResponse(server, client, refreshed);
        const introspection = await oauth.introspectionRequest(
          server,
          client,
          authentication,
          next.access_token,
          insecure,
        );
        expect(await oauth.processIntrospectionResponse(server, client, introspection)).toMatchObject({
          active: true,
          sub: "alice",
          scope: "a offline_access",
        });
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(server, client, authentication, next.refresh_token ?? "", insecure),
        );
        const after = await oauth.introspectionRequest(server, client, authentication, next.access_token, insecure);
        expect(await oauth.processIntrospectionResponse(server, client, after)).toEqual({ active: false });
      }
    },
  );

  it("serves a stock OAuth2 client that gets a token for itself", async () => {
    const server = await discover(service.publicUrl, "oauth2");
    expect(server.grant_types_supported).toContain("client_credentials");
    const secret = oauth.ClientSecretBasic("secret");
    const answer = await oauth.clientCredentialsGrantRequest(server, client, secret, { scope: "b a" }, insecure);
    const tokens = await oauth.processClientCredentialsResponse(server, client, answer);
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: 2_592_000,
      scope: "a b",
    });
    expect(await verify(server, tokens.access_token)).toMatchObject({
      sub: client.client_id,
      client_id: client.client_id,
    });
    const refused = await oauth.clientCredentialsGrantRequest(server, client, oauth.None(), {}, insecure);
    await expect(oauth.processClientCredentialsResponse(server, client, refused)).rejects.toMatchObject({
      code: oauth.WWW_AUTHENTICATE_CHALLENGE,
    });
  });

  it("serves a stock OAuth2 client that exchanges tokens", async () => {
    const server = await discover(service.publicUrl, "oauth2");
    const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
    const accessToken = "urn:ietf:params:oauth:token-type:access_token";
    const secret = oauth.ClientSecretBasic("secret");
    expect(server.grant_types_supported).toContain(grantType);
    const itself = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(server, client, secret, { scope: "b a" }, insecure),
    );
    const parameters = new URLSearchParams([
      ["subject_token", itself.access_token],
      ["subject_token_type", accessToken],
      ["actor_token", itself.access_token],
      ["actor_token_type", accessToken],
      ["audience", `${server.issuer}/resources`],
      ["audience", "there"],
      ["scope", "a"],
    ]);
    const answer = await oauth.genericTokenEndpointRequest(server, client, secret, grantType, parameters, insecure);
    const tokens = await oauth.processGenericTokenEndpointResponse(server, client, answer);
    expect(tokens).toMatchObject({ issued_token_type: accessToken, token_type: "bearer", scope: "a" });
    expect(await verify(server, tokens.access_token)).toMatchObject({
      sub: client.client_id,
      act: { sub: client.client_id },
      aud: [`${server.issuer}/resources`, "there"],
    });
  });

  it("verifies an old token after a restart, and ends cleanly, without having loaded what SQLite does not need", async () => {
    const rpc = rpcDoor(service.rpcPort);
    const { accessToken = "" } = await rpc.mint({
      client_id: client.client_id,
      client_secret: "secret",
      grant_type: "arbitrary_no_subject",
      arbitrary_claims: '{"sub":"bob"}',
    });
    rpc.close();
    const url = service.publicUrl;
    expect(await verify(await discover(url, "oidc"), accessToken)).toMatchObject({ sub: "bob" });

    expect(await service.stop()).toBe(0);
    const [, packages = ""] = /^packages: (.*)$/m.exec(service.output()) ?? [];
    expect(packages.split(" ")).toContain("fastify");
    for (const unused of ["ajv", "mongodb", "pino-pretty"]) {
      expect(packages.split(" ")).not.toContain(unused);
    }
    // The issuer is the public URL, which stays though the port of this test does not.
    service = await startProcess(folder, { MINTMARK_PUBLIC_URL: url });
    const at = service.output().match(/"httpPort":(\d+)/)?.[1];
    const jwks = createRemoteJWKSet(new URL(`http://127.0.0.1:${at}/.well-known/openid-configuration/jwks`));
    expect((await jwtVerify(accessToken, jwks, { issuer: url })).payload).toMatchObject({ sub: "bob" });
  });
});

describe("what cannot start", () => {
  beforeAll(() => {
    const database = new DatabaseSync(join(folder, "newer.db"));
    database.exec("PRAGMA user_version = 1000");
    database.close();
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["an address that others could reach", { MINTMARK_HTTP_ADDRESS: "0.0.0.0:0" }, /expected a loopback address/],
    [
      "a MongoDB password that is not percent-encoded",
      { MINTMARK_STORE: "mongodb://user:123/hunter2@host.example/mint" },
      /with user and password percent-encoded/,
    ],
    ["a store of a newer version", { MINTMARK_STORE: "sqlite:newer.db" }, /written by a newer version of this program/],
  ])("%s ends with a plain word and no secret", async (_, env, message) => {
    const failure = await startProcess(folder, env).catch((error: Error) => error.message);
    expect(failure).toMatch(message);
    expect(failure).toContain("ended with 1:");
    expect(failure).not.toContain("hunter2");
    expect(failure).not.toContain("host.example");
    expect(failure).not.toMatch(/^ +at /m);
  });
});
