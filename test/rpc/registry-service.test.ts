import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RegistryService, SettingSource, Source } from "../../gen/mintmark/v1/registry_service_pb.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { CLIENT_ID, OPERATOR_ID, SECRET } from "../support/tenant.ts";
import { startDoors, transports } from "./support.ts";

const headers = { authorization: `Basic ${btoa(`${OPERATOR_ID}:${SECRET}`)}` };
const SETTINGS = {
  grants: ["arbitrary_identity"],
  scopes: ["read"],
  claims: { "*": { deep: [1.5, null, { a: true }] } },
};

let context: TestContext;
let doors: Awaited<ReturnType<typeof startDoors>>;
beforeAll(async () => {
  context = await testContext();
  doors = await startDoors(context.node.engine);
});
afterAll(() => doors.close());

const kinds = [
  ["gRPC", () => createGrpcTransport({ baseUrl: `http://${doors.address}` })],
  ...Object.entries(transports).map(([name, transport]) => [name, () => transport(doors.url)] as const),
] as const;

describe.each(kinds)("RegistryService over %s", (kind, transport) => {
  const registry = () => createClient(RegistryService, transport());
  const client = `billing-${kind}`.replace(/\W+/g, "-");
  const statusOf = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: ConnectError) => error.code,
    );

  test("registers a client, changes it, and tells what holds", async () => {
    const now = context.clock.now();
    const created = await registry().createClient({ client, settings: SETTINGS }, { headers });
    expect(created.client).toMatchObject({ id: client, settings: SETTINGS, source: Source.STORED, shadowed: false });
    expect(timestampMs(created.client?.createTime ?? timestampFromMs(0))).toBe(now);
    expect(timestampMs(created.effectiveTime ?? timestampFromMs(0))).toBeGreaterThan(now);
    const mask = { paths: ["scopes"] };
    const etag = created.client?.etag ?? "";
    const update = { client, settings: { scopes: ["write"] }, updateMask: mask, options: { etag } };
    expect((await registry().updateClient(update, { headers })).client?.settings).toEqual({
      ...SETTINGS,
      scopes: ["write"],
    });
    expect(await statusOf(registry().updateClient(update, { headers }))).toBe(Code.Aborted);
    const { settings } = await registry().getEffectiveClient({ client }, { headers });
    expect(settings.scopes?.source).toBe(SettingSource.CLIENT);
    expect(settings.accessTokenLifetime).toMatchObject({
      value: { kind: { case: "numberValue", value: 3600 } },
      source: SettingSource.DEFAULT,
    });
  });

  test("makes a secret, and ends it", async () => {
    const expireTime = timestampFromMs(context.clock.now() + 1000);
    const added = await registry().addClientSecret({ client, expireTime }, { headers });
    expect(added.secret).toMatch(/^[\w-]{43}$/);
    expect(added.client?.secrets).toMatchObject([{ id: added.secretId, expireTime }]);
    const hash = `sha256:${"A".repeat(43)}`;
    const brought = await registry().addClientSecret({ client, hash }, { headers });
    expect(brought).toMatchObject({ secret: "", client: { secrets: [{}, { id: brought.secretId }] } });
    await registry().removeClientSecret({ client, secretId: brought.secretId }, { headers });
    const { secretId } = added;
    const removed = await registry().removeClientSecret({ client, secretId }, { headers });
    expect(removed.client?.secrets).toEqual([]);
  });

  test("disables, enables, lists and deletes it", async () => {
    const disabled = await registry().disableClient({ client }, { headers });
    expect(disabled.client?.settings).toMatchObject({ enabled: false });
    const enabled = await registry().enableClient({ client }, { headers });
    expect(enabled.client?.settings).toMatchObject({ enabled: true });
    const page = await registry().listClients({ filter: client, pageSize: 1 }, { headers });
    expect(page).toMatchObject({ clients: [{ id: client }], nextPageToken: "" });
    expect((await registry().deleteClient({ client }, { headers })).effectiveTime).toBeDefined();
    expect(await statusOf(registry().getClient({ client }, { headers }))).toBe(Code.NotFound);
  });

  test("has a status for each refusal, and nothing for a client", async () => {
    const create = (request: object) => statusOf(registry().createClient(request, { headers }));
    expect(await create({ client, settings: { scope: [] } })).toBe(Code.InvalidArgument);
    expect(await create({ client: CLIENT_ID })).toBe(Code.FailedPrecondition);
    const asClient = { authorization: `Basic ${btoa(`${CLIENT_ID}:${SECRET}`)}` };
    expect(await statusOf(registry().listClients({}, { headers: asClient }))).toBe(Code.Unauthenticated);
  });

  test("registers a tenant, changes it, lists it and deletes it", async () => {
    const tenant = `t-${client}`.toLowerCase();
    const settings = { limits: { claimsCount: 5 } };
    const created = await registry().createTenant({ tenant, settings }, { headers });
    expect(created.tenant).toMatchObject({ id: tenant, settings, source: Source.STORED, shadowed: false });
    expect(created.effectiveTime).toBeDefined();
    const options = { etag: created.tenant?.etag ?? "" };
    const mask = { paths: ["limits"] };
    const updated = await registry().updateTenant({ tenant, updateMask: mask, options }, { headers });
    expect(updated.tenant?.settings).toEqual({});
    expect((await registry().getTenant({ tenant }, { headers })).tenant?.etag).toBe(updated.tenant?.etag);
    const page = await registry().listTenants({ filter: tenant, pageSize: 1 }, { headers });
    expect(page).toMatchObject({ tenants: [{ id: tenant }], nextPageToken: "" });
    const { effectiveTime, purgeTime } = await registry().deleteTenant({ tenant }, { headers });
    expect(timestampMs(purgeTime as Timestamp)).toBeGreaterThan(timestampMs(effectiveTime as Timestamp));
    expect(await statusOf(registry().getTenant({ tenant }, { headers }))).toBe(Code.NotFound);
    expect(await statusOf(registry().createTenant({ tenant }, { headers }))).toBe(Code.FailedPrecondition);
    expect(await statusOf(registry().getTenant({}, { headers }))).toBe(Code.InvalidArgument);
    const asClient = { authorization: `Basic ${btoa(`${CLIENT_ID}:${SECRET}`)}` };
    expect(await statusOf(registry().listTenants({}, { headers: asClient }))).toBe(Code.Unauthenticated);
  });

  test("tells the operators", async () => {
    const { operators } = await registry().listOperators({}, { headers });
    expect(operators).toMatchObject([{ id: OPERATOR_ID, roles: ["keys", "clients", "tenants", "read"] }]);
  });
});
