import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GrantService, GrantState } from "../../gen/mintmark/v1/grant_service_pb.ts";
import { OAuthError } from "../../src/engine/errors.ts";
import type { TenantEngine } from "../../src/engine/port.ts";
import type { GrantDescription, GrantPage } from "../../src/engine/request.ts";
import { startDoors, transports } from "./support.ts";

const T = Date.UTC(2026, 10, 21, 12, 0, 0, 7);
const BARE: GrantDescription = {
  id: "g1",
  client: "web",
  namespace: undefined,
  subject: undefined,
  scopes: [],
  state: "active",
  mintedAt: T,
  refreshedAt: undefined,
  expiresAt: T + 1000,
  revokedAt: undefined,
};
const FULL: GrantDescription = {
  ...BARE,
  id: "g2",
  namespace: "group",
  subject: "",
  scopes: ["read", "offline_access"],
  state: "revoked",
  refreshedAt: T + 1,
  revokedAt: T + 2,
};

let asked: { readonly tenant: string; readonly request: object }[] = [];
let page: () => Promise<GrantPage>;
let revoked: () => Promise<GrantDescription>;
let doors: Awaited<ReturnType<typeof startDoors>>;

beforeAll(async () => {
  doors = await startDoors({
    forTenant(id) {
      if (id !== "default" && id !== "acme") return undefined;
      const ask = (request: object) => void asked.push({ tenant: id, request });
      const part: Partial<TenantEngine> = {
        listGrants(_, request) {
          ask(request);
          return page();
        },
        revokeGrant(_, request) {
          ask(request);
          return revoked();
        },
      };
      return part as TenantEngine;
    },
  });
});
beforeEach(() => {
  asked = [];
  page = async () => ({ grants: [FULL, BARE], nextPageToken: "next" });
  revoked = async () => FULL;
});
afterAll(() => doors.close());

const kinds = [
  ["gRPC", () => createGrpcTransport({ baseUrl: `http://${doors.address}` })],
  ...Object.entries(transports).map(([name, transport]) => [name, () => transport(doors.url)] as const),
] as const;

describe.each(kinds)("GrantService over %s", (_, transport) => {
  const client = () => createClient(GrantService, transport());

  test("lists grants with all that the engine tells", async () => {
    const request = { tenant: "acme", subject: "", client: "web", pageSize: 7, pageToken: "x" };
    const { grants, nextPageToken } = await client().listGrants(request);
    expect(asked).toEqual([{ tenant: "acme", request: { subject: "", client: "web", pageSize: 7, pageToken: "x" } }]);
    expect(nextPageToken).toBe("next");
    expect(grants).toMatchObject([
      { id: "g2", client: "web", namespace: "group", subject: "", scopes: FULL.scopes, state: GrantState.REVOKED },
      { id: "g1", client: "web", namespace: "", scopes: [], state: GrantState.ACTIVE },
    ]);
    const times = grants.map(({ mintTime, refreshTime, expireTime, revokeTime }) =>
      [mintTime, refreshTime, expireTime, revokeTime].map((time) => time && timestampMs(time)),
    );
    expect(times).toEqual([
      [T, T + 1, T + 1000, T + 2],
      [T, undefined, T + 1000, undefined],
    ]);
    expect(grants[1]?.subject).toBeUndefined();
  });

  test("takes what is empty for absent, but an empty subject", async () => {
    page = async () => ({ grants: [], nextPageToken: undefined });
    expect(await client().listGrants({})).toMatchObject({ grants: [], nextPageToken: "" });
    expect(asked).toEqual([{ tenant: "default", request: {} }]);
  });

  test("revokes a grant", async () => {
    const { grant } = await client().revokeGrant({ grant: "g2" });
    expect(grant).toMatchObject({ id: "g2", state: GrantState.REVOKED });
    expect(asked).toEqual([{ tenant: "default", request: { grant: "g2" } }]);
  });

  test("tells of a grant or a tenant that is not there", async () => {
    const refusal = new OAuthError("invalid_request", "There is no such grant.", { conflict: "not_found" });
    refusal.isReported = true;
    revoked = () => Promise.reject(refusal);
    await expect(client().revokeGrant({ grant: "g3" })).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: "There is no such grant.",
    });
    await expect(client().listGrants({ tenant: "nobody" })).rejects.toMatchObject({ code: Code.NotFound });
  });
});
