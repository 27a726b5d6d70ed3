import { DatabaseSync } from "node:sqlite";
import type { Comparison } from "../comparison.ts";
import type { Contender } from "../contender.ts";
import { formPost } from "../load/form.ts";
import { driveHttp } from "../load/http.ts";
import type { Options } from "../options.ts";
import { ES256 } from "../services/configuration.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import { Home } from "../services/mintmark.ts";
import type { Requests } from "./contenders.ts";
import { mints } from "./requests.ts";
import { introspections, memberOf, type Tokens } from "./tokens.ts";

const FEW = 1000;
const MANY = { short: 100_000, long: 1_000_000 };

/** How many grants are minted at the most: the others in the store are copies of their rows under other ids. */
const MINTED = 30_000;

/** The rate with many is within 1.3 times of that with few. */
const WITHIN = { atLeast: 0.77 };

type Prepare = (tokens: readonly Tokens[]) => Requests;

/** Requests about grants that are chosen at random, of many in the store and of few. */
export const grantWorkloads: readonly Comparison[] = [
  compareStores("introspect-many", (tokens) => introspections(`${ES256}/connect/introspect`, tokens)),
  compareStores("refresh-many", randomRefreshes),
];

function compareStores(name: string, prepare: Prepare): Comparison {
  const many = ofStore("many grants", ({ long }) => MANY[long ? "long" : "short"], prepare);
  const few = ofStore("1000 grants", () => FEW, prepare);
  return { name, unit: "/s", subject: many, baselines: [{ contender: few, bound: WITHIN }] };
}

function ofStore(name: string, size: (options: Options) => number, prepare: Prepare): Contender {
  return {
    name,
    open: async (options) => {
      const home = new Home(options);
      const tokens = await fill(home, size(options), options);
      const service = await home.start();
      const load = { ...prepare(tokens), port: service.port, connections: options.connections };
      const close = async () => {
        await service.stop();
        home.remove();
      };
      return { measure: async (seconds) => (await driveHttp(load, seconds)).rate, close };
    },
  };
}

/** Fills a store with so many grants, and returns the tokens of those that were minted. */
async function fill(home: Home, size: number, { connections }: Options): Promise<readonly Tokens[]> {
  const service = await home.start();
  const tokens: Tokens[] = [];
  const wanted = home.file === undefined ? size : Math.min(size, MINTED);
  const load = {
    ...mints(ES256, { scope: "nitro offline_access" }),
    answered: (_connection: number, body: Buffer) => {
      tokens.push({ access_token: memberOf(body, "access_token"), refresh_token: memberOf(body, "refresh_token") });
    },
  };
  while (tokens.length < wanted) await driveHttp({ ...load, port: service.port, connections }, 1);
  await service.stop();
  if (home.file !== undefined) copyRows(home.file, size);
  return tokens.slice(0, wanted);
}

/** Copies the rows of grants until there are so many: as large as they, and as scattered. */
function copyRows(file: string, size: number): void {
  const database = new DatabaseSync(file);
  const columns = database.prepare("SELECT name FROM pragma_table_info('families')").all();
  const names = columns.map(({ name }) => String(name)).join(", ");
  const values = names.replace(/\bid\b/, "substr(hex(randomblob(16)), 1, 22)");
  const count = () => Number(database.prepare("SELECT count(*) AS rows FROM families").get()?.rows);
  const copy = database.prepare(`INSERT INTO families (${names}) SELECT ${values} FROM families LIMIT ?`);
  for (let left = size - count(); left > 0; left = size - count()) copy.run(left);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/** Refreshes of grants that are chosen at random, each with the token that its last refresh gave. */
function randomRefreshes(grants: readonly Tokens[]): Requests {
  const idle = grants.map((grant) => grant.refresh_token);
  return {
    request: () => {
      const token = takeAny(idle);
      return formPost(`${ES256}/connect/token`, { grant_type: "refresh_token", refresh_token: token, ...CREDENTIALS });
    },
    answered: (_connection, body) => void idle.push(memberOf(body, "refresh_token")),
  };
}

/** Takes one of some things away, at random. */
function takeAny(all: string[]): string {
  const last = all.pop();
  if (last === undefined) throw new Error("There is nothing to choose from.");
  const index = Math.floor(Math.random() * (all.length + 1));
  const chosen = all[index] ?? last;
  if (index < all.length) all[index] = last;
  return chosen;
}
