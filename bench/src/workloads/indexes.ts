import { DatabaseSync } from "node:sqlite";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { driveHttp } from "../load/http.ts";
import { ES256 } from "../services/configuration.ts";
import { Home } from "../services/mintmark.ts";
import { mints } from "./requests.ts";

/** The indexes that lists of grants need and nothing else. */
const LISTS = ["families_listed_by_client", "families_listed_by_subject"];

/** What the indexes for lists of grants cost a mint with a refresh token. SQLite alone. */
export const indexWorkloads: readonly Comparison[] = [
  {
    name: "list-indexes",
    unit: "/s",
    subject: minting("with them", () => undefined),
    baselines: [{ contender: minting("without", dropLists) }],
  },
];

function minting(name: string, prepare: (file: string) => void): Contender {
  return {
    name,
    open: async (options) => {
      const home = new Home({ ...options, store: undefined });
      const service = await home.start();
      // A start without them fails.
      if (home.file !== undefined) prepare(home.file);
      const load = { ...mints(ES256, { scope: "nitro offline_access" }), port: service.port };
      return {
        measure: async (seconds) => (await driveHttp({ ...load, connections: options.connections }, seconds)).rate,
        close: async () => {
          await service.stop();
          home.remove();
        },
      };
    },
  };
}

function dropLists(file: string): void {
  const database = new DatabaseSync(file);
  for (const index of LISTS) database.exec(`DROP INDEX ${index}`);
  database.close();
}
