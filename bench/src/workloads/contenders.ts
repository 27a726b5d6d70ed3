import type { Contender } from "../contender.ts";
import { driveHttp, type HttpLoad } from "../load/http.ts";
import type { Options } from "../options.ts";
import { type Mintmark, startMintmark } from "../services/mintmark.ts";
import { startProgram } from "../services/program.ts";

/** A load's requests, without what they are sent to. */
export type Requests = Omit<HttpLoad, "port" | "connections">;

/** mintmark under a load of HTTP requests, which may need tokens that it mints before. */
export function mintmark(prepare: (service: Mintmark, options: Options) => Promise<Requests> | Requests): Contender {
  return {
    name: "mintmark",
    open: async (options) => {
      const service = await startMintmark(options);
      const load = { ...(await prepare(service, options)), port: service.port, connections: options.connections };
      return { measure: async (seconds) => (await driveHttp(load, seconds)).rate, close: service.stop };
    },
  };
}

/** A program of this folder under the same load. */
export function program(name: string, file: string, requests: Requests): Contender {
  return {
    name,
    open: async ({ connections }) => {
      const service = await startProgram(file);
      const load = { ...requests, port: service.port, connections };
      return { measure: async (seconds) => (await driveHttp(load, seconds)).rate, close: service.stop };
    },
  };
}
