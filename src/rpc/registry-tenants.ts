import type { ServiceImpl } from "@connectrpc/connect";
import type { RegistryService } from "../../gen/mintmark/v1/registry_service_pb.ts";
import type { Engine } from "../engine/port.ts";
import type { ChangedTenant, TenantDescription } from "../engine/registry-request.ts";
import { callerIn } from "./arrivals.ts";
import { listing, maskOf, settingsOf, toEntry, writing } from "./registry-entries.ts";
import { toTimestamp } from "./timestamps.ts";

/** The RPCs about tenants, which are requests of no tenant. */
type TenantRpcs = Pick<
  ServiceImpl<typeof RegistryService>,
  "createTenant" | "getTenant" | "listTenants" | "updateTenant" | "deleteTenant"
>;

/** The RegistryService's part about tenants. */
export function tenantRpcs({ instance }: Pick<Engine, "instance">): TenantRpcs {
  return {
    async createTenant({ options, ...asked }, context) {
      const request = { ...named(asked), settings: settingsOf(asked), ...writing(options) };
      return toChanged(await instance.createTenant(callerIn(context), request));
    },
    async getTenant(asked, context) {
      return { tenant: toTenant(await instance.getTenant(callerIn(context), named(asked))) };
    },
    async listTenants(asked, context) {
      const { tenants, nextPageToken = "" } = await instance.listTenants(callerIn(context), listing(asked));
      return { tenants: tenants.map(toTenant), nextPageToken };
    },
    async updateTenant({ options, updateMask, ...asked }, context) {
      const change = { settings: settingsOf(asked), updateMask: maskOf(updateMask) };
      return toChanged(
        await instance.updateTenant(callerIn(context), { ...named(asked), ...change, ...writing(options) }),
      );
    },
    async deleteTenant({ options, force, wait, ...asked }, context) {
      const request = { ...named(asked), force, wait, ...writing(options) };
      const { effectiveAt, keptUntil } = await instance.deleteTenant(callerIn(context), request);
      return { effectiveTime: toTimestamp(effectiveAt), purgeTime: toTimestamp(keptUntil) };
    },
  };
}

function named({ tenant }: { readonly tenant: string }) {
  return { tenant: tenant || undefined };
}

function toChanged({ tenant, effectiveAt }: ChangedTenant) {
  return { ...(tenant !== undefined && { tenant: toTenant(tenant) }), effectiveTime: toTimestamp(effectiveAt) };
}

function toTenant({ tenant: id, ...rest }: TenantDescription) {
  return { id, ...toEntry(rest) };
}
