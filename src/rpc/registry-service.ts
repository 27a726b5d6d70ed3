import { fromJson, type JsonValue as StructValue } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type RegistryService, SettingSource } from "../../gen/mintmark/v1/registry_service_pb.ts";
import type { Engine } from "../engine/port.ts";
import type { ChangedClient, ClientDescription, EffectiveClient } from "../engine/registry-request.ts";
import { callerIn } from "./arrivals.ts";
import { listing, maskOf, settingsOf, toEntry, writing } from "./registry-entries.ts";
import { tenantRpcs } from "./registry-tenants.ts";
import { findTenant } from "./tenant.ts";
import { toTimestamp } from "./timestamps.ts";

/** The RegistryService: translates requests and answers, and leaves the work to the engine. */
export function registryService(engine: Engine): ServiceImpl<typeof RegistryService> {
  return {
    async createClient({ tenant, options, ...asked }, context) {
      const request = { ...named(asked), settings: settingsOf(asked), ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).createClient(callerIn(context), request));
    },
    async getClient({ tenant, ...asked }, context) {
      return { client: toClient(await findTenant(engine, tenant, context).getClient(callerIn(context), named(asked))) };
    },
    async listClients({ tenant, ...asked }, context) {
      const page = await findTenant(engine, tenant, context).listClients(callerIn(context), listing(asked));
      return { clients: page.clients.map(toClient), nextPageToken: page.nextPageToken ?? "" };
    },
    async updateClient({ tenant, options, updateMask, ...asked }, context) {
      const change = { settings: settingsOf(asked), updateMask: maskOf(updateMask) };
      const request = { ...named(asked), ...change, ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).updateClient(callerIn(context), request));
    },
    async deleteClient({ tenant, options, revokeTokens, wait, ...asked }, context) {
      const request = { ...named(asked), revokeTokens, wait, ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).deleteClient(callerIn(context), request));
    },
    async disableClient({ tenant, options, revokeTokens, wait, ...asked }, context) {
      const request = { ...named(asked), revokeTokens, wait, ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).disableClient(callerIn(context), request));
    },
    async enableClient({ tenant, options, ...asked }, context) {
      const request = { ...named(asked), ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).enableClient(callerIn(context), request));
    },
    async addClientSecret({ tenant, options, notBefore, expireTime, hash, ...asked }, context) {
      const times = { notBefore: toInstant(notBefore), expiresAt: toInstant(expireTime) };
      const request = { ...named(asked), ...times, hash: hash || undefined, ...writing(options) };
      const added = await findTenant(engine, tenant, context).addClientSecret(callerIn(context), request);
      return { ...toChanged(added), secretId: added.secretId, secret: added.secret ?? "" };
    },
    async removeClientSecret({ tenant, options, secretId, ...asked }, context) {
      const request = { ...named(asked), secret: secretId || undefined, ...writing(options) };
      return toChanged(await findTenant(engine, tenant, context).removeClientSecret(callerIn(context), request));
    },
    async getEffectiveClient({ tenant, ...asked }, context) {
      const { settings } = await findTenant(engine, tenant, context).getEffectiveClient(
        callerIn(context),
        named(asked),
      );
      return { settings: toEffective(settings) };
    },
    async listOperators({ tenant }, context) {
      const operators = await findTenant(engine, tenant, context).listOperators(callerIn(context));
      return { operators: operators.map(({ id, roles }) => ({ id, roles: [...roles] })) };
    },
    ...tenantRpcs(engine),
  };
}

function named({ client }: { readonly client: string }) {
  return { client: client || undefined };
}

function toChanged({ client, effectiveAt }: ChangedClient) {
  return { ...(client !== undefined && { client: toClient(client) }), effectiveTime: toTimestamp(effectiveAt) };
}

function toClient({ client: id, secrets, ...rest }: ClientDescription) {
  return {
    ...toEntry(rest),
    id,
    secrets: secrets.map(({ id: secretId, createdAt, notBefore, expiresAt }) => ({
      id: secretId,
      createTime: toTimestamp(createdAt),
      notBefore: toTimestamp(notBefore),
      expireTime: toTimestamp(expiresAt),
    })),
  };
}

const settingSources = {
  client: SettingSource.CLIENT,
  tenant: SettingSource.TENANT,
  default: SettingSource.DEFAULT,
} satisfies Record<EffectiveClient["settings"][string]["from"], SettingSource>;

function toEffective(settings: EffectiveClient["settings"]) {
  const entries = Object.entries(settings).map(([name, { value, from }]) => [
    name,
    { value: fromJson(ValueSchema, value as StructValue), source: settingSources[from] },
  ]);
  return Object.fromEntries(entries);
}

function toInstant(time: Timestamp | undefined) {
  return time && timestampMs(time);
}
