import { DEVELOPMENT_CLIENT, developmentConfig } from "../../src/config/development.ts";
import { grants } from "../../src/grants/index.ts";
import { type Door, gatewayDoor, rpcDoor } from "./doors.ts";
import { startTestService } from "./service.ts";

/** How the development client proves who it is. */
export const credentials = { client_id: DEVELOPMENT_CLIENT.id, client_secret: DEVELOPMENT_CLIENT.secret };

type Development = ReturnType<typeof developmentConfig>;

/** Starts a service with the development configuration, as `change` leaves it, and opens its two doors. */
export async function startBothDoors(
  change: (development: Development) => void,
): Promise<{ readonly doors: readonly Door[]; close(): Promise<void> }> {
  const development = developmentConfig(grants.map((grant) => grant.grantType));
  change(development);
  const service = await startTestService({}, development);
  const rpc = rpcDoor(service.rpcPort);
  return {
    doors: [gatewayDoor(service.publicUrl), rpc],
    async close() {
      rpc.close();
      await service.close();
    },
  };
}
