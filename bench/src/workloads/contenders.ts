import type { Contender } from "../contender.ts";
import { driveHttp, type HttpLoad } from "../load/http.ts";
import type { Options } from "../options.ts";
import { type Mintmark, startMintmark } from "../services/mintmark.ts";
import type { ServerProcess } from "../services/process.ts";
import { runProgram, startProgram } from "../services/program.ts";

/** A load's requests, without what they are sent to. */
export type Requests = Omit<HttpLoad, "port" | "connections">;

/** Makes the requests for a service that runs, which may need tokens of it. */
type Prepare<Service> = (service: Service, options: Options) => Promise<Requests> | Requests;

/** mintmark under a load of HTTP requests. */
export function mintmark(prepare: Prepare<Mintmark>): Contender {
  return underLoad("mintmark", startMintmark, prepare);
}

/** A program of the bench under a load of HTTP requests. */
export function program(
  name: string,
  file: string,
  prepare: Prepare<ServerProcess>,
  ...args: readonly string[]
): Contender {
  return underLoad(name, () => startProgram(file, ...args), prepare);
}

/** A program that measures itself, and prints a rate. */
export function ownMeasure(name: string, file: string): Contender {
  return {
    name,
    open: async () => ({ measure: (seconds) => runProgram(file, seconds), close: async () => undefined }),
  };
}

function underLoad<Service extends ServerProcess>(
  name: string,
  start: (options: Options) => Promise<Service>,
  prepare: Prepare<Service>,
): Contender {
  return {
    name,
    open: async (options) => {
      const service = await start(options);
      const load = { ...(await prepare(service, options)), port: service.port, connections: options.connections };
      return { measure: async (seconds) => (await driveHttp(load, seconds)).rate, close: service.stop };
    },
  };
}
