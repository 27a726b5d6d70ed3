import { describe, expect, it } from "vitest";
import { clientAuthenticationOf } from "../../../src/engine/clients/index.ts";
import { testClient, testTenant } from "../../support/tenant.ts";

const SECRETS = ["client_secret_basic", "client_secret_post"];
const keyed = { secrets: [], keys: { jwks: [] } };

describe("the metadata of a tenant has the methods of its enabled clients", () => {
  it.each([
    ["secrets", [testClient()], SECRETS],
    ["keys", [testClient(keyed)], ["private_key_jwt"]],
    ["both", [testClient(), testClient({ ...keyed, id: "other" })], [...SECRETS, "private_key_jwt"]],
    ["keys that are disabled", [testClient(), testClient({ ...keyed, id: "other", enabled: false })], SECRETS],
    ["nothing", [testClient({ secrets: [], requireSecret: false })], SECRETS],
  ])("%s", (_, clients, methods) => {
    expect(clientAuthenticationOf(testTenant({}, clients)).methods).toEqual(methods);
  });

  it("and algorithms if one of them signs", () => {
    expect(clientAuthenticationOf(testTenant()).signingAlgorithms).toEqual([]);
    const { signingAlgorithms } = clientAuthenticationOf(testTenant({}, [testClient(keyed)]));
    expect(signingAlgorithms).toContain("ES256");
    expect(signingAlgorithms).not.toContain("HS256");
    expect(signingAlgorithms).not.toContain("none");
  });
});
