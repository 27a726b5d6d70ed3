import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { fileWorld, SECRET } from "../config/context.ts";

const load = (tenant: object) => loadConfig(fileWorld(JSON.stringify({ tenants: { acme: tenant } })));

describe("a tenant's defaults for clients", () => {
  const clientDefaults = { accessTokenLifetime: "5m", scopes: "*", rateLimits: { mint_per_client: "5/s" } };

  it("fill in what clients leave out, and each member is one client's or the tenant's", () => {
    const clients = { web: { secrets: [SECRET] }, app: { secrets: [SECRET], scopes: ["nitro"], rateLimits: {} } };
    const tenant = load({ clientDefaults, clients }).tenants.get("acme");
    expect(tenant?.clients.get("web")).toMatchObject({
      accessTokenLifetime: 300,
      scopes: "*",
      rateLimits: { mint_per_client: [{ most: 5 }] },
    });
    expect(tenant?.clients.get("app")).toMatchObject({
      accessTokenLifetime: 300,
      scopes: new Set(["nitro"]),
      rateLimits: {},
    });
  });

  it("are kept word for word, for clients that are registered later", () => {
    const { tenants, words } = load({ clientDefaults });
    expect(tenants.get("acme")?.clientDefaults).toEqual(clientDefaults);
    expect(words.get("acme")).toEqual({ clientDefaults });
  });

  it("must make right clients", () => {
    const clients = { web: { secrets: [SECRET] } };
    expect(() => load({ clientDefaults: { introspection: ["gone"] }, clients })).toThrow(
      'tenants.acme.clients.web.introspection[0]: "gone" is not a resource',
    );
  });
});
