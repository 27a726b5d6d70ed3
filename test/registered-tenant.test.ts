import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RegistryService } from "../gen/mintmark/v1/registry_service_pb.ts";
import { AUDIENCE, startAuthority, type TestAuthority } from "./support/authority.ts";
import { claimsOf } from "./support/decode.ts";
import { type Form, gatewayDoor } from "./support/doors.ts";
import { startTestService, type TestService } from "./support/service.ts";

const TENANT = "initech";
const headers = { authorization: `Basic ${btoa("operator:secret")}` };

let service: TestService;
let authority: TestAuthority;
let client: Form;

beforeAll(async () => {
  [service, authority] = await Promise.all([startTestService(), startAuthority()]);
});
afterAll(() => Promise.all([service.close(), authority.stop()]));

const registry = () =>
  createClient(RegistryService, createConnectTransport({ baseUrl: service.publicUrl, httpVersion: "1.1" }));
const mint = (form: Form) => gatewayDoor(service.publicUrl).mint({ ...client, ...form }, TENANT);

describe("a tenant that is registered over RPC", () => {
  it("has its resources, authorities, limits and defaults for clients", async () => {
    const settings = {
      resources: { invoices: ["invoices.read"] },
      authorities: { idp: { issuer: authority.issuer, audiences: [AUDIENCE], subjectPrefix: "idp." } },
      limits: { claimsCount: 1 },
      clientDefaults: {
        grants: ["arbitrary_identity", "arbitrary_oidc_resource_owner"],
        scopes: ["invoices.read"],
        accessTokenLifetime: "2m",
      },
      signing: { algorithm: "ES256" },
    };
    await registry().createTenant({ tenant: TENANT, settings }, { headers });
    await registry().createClient({ tenant: TENANT, client: "web" }, { headers });
    const { secret } = await registry().addClientSecret({ tenant: TENANT, client: "web" }, { headers });
    client = { client_id: "web", client_secret: secret };

    const minted = await mint({ grant_type: "arbitrary_identity", subject: "a", scope: "invoices.read" });
    expect(minted).toMatchObject({ expiresIn: 120, scopes: ["invoices.read"] });
    const issuer = `${service.publicUrl}/${TENANT}`;
    expect(claimsOf(minted.accessToken ?? "")).toMatchObject({
      iss: issuer,
      aud: expect.arrayContaining(["invoices"]),
    });
    const keys = await (await fetch(`${issuer}/.well-known/openid-configuration/jwks`)).json();
    expect(keys).toMatchObject({ keys: [{ alg: "ES256" }] });

    const shown = {
      grant_type: "arbitrary_oidc_resource_owner",
      authority: "idp",
      id_token: await authority.idToken(),
    };
    const byIdToken = await mint({ ...shown, arbitrary_claims: '{"one":1}' });
    expect(claimsOf(byIdToken.accessToken ?? "")).toMatchObject({ sub: "idp.someone", one: 1 });
    expect((await mint({ ...shown, arbitrary_claims: '{"one":1,"two":2}' })).error).toMatchObject({
      code: "invalid_request",
    });
  });

  it("changes, and its clients with it", async () => {
    const settings = {
      clientDefaults: { grants: ["arbitrary_identity"], scopes: ["invoices.read"], accessTokenLifetime: "5m" },
      limits: {},
    };
    await registry().updateTenant({ tenant: TENANT, settings }, { headers });
    const form = { subject: "a", scope: "invoices.read" };
    expect(await mint({ grant_type: "arbitrary_identity", ...form })).toMatchObject({ expiresIn: 300 });
    expect((await mint({ grant_type: "arbitrary_oidc_resource_owner", ...form })).error).toMatchObject({
      code: "unauthorized_client",
    });
    const { settings: effective } = await registry().getEffectiveClient({ tenant: TENANT, client: "web" }, { headers });
    expect(effective.accessTokenLifetime?.value?.kind).toMatchObject({ value: "5m" });
  });

  it("changes by a mask in JSON's spelling, too", async () => {
    const answer = await fetch(`${service.publicUrl}/${RegistryService.typeName}/UpdateTenant`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ tenant: TENANT, settings: { markClaim: "ns" }, updateMask: "markClaim" }),
    });
    expect(await answer.json()).toMatchObject({ tenant: { settings: { markClaim: "ns", limits: {} } } });
  });

  it("is unknown once it is deleted", async () => {
    await registry().deleteTenant({ tenant: TENANT, force: true }, { headers });
    expect((await mint({ grant_type: "arbitrary_identity", subject: "a" })).error).toMatchObject({
      description: "There is no such tenant.",
    });
    expect((await fetch(`${service.publicUrl}/${TENANT}/.well-known/openid-configuration`)).status).toBe(404);
  });
});
