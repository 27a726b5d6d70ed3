import { setTimeout as delay } from "node:timers/promises";
import type { Comparison, Unit } from "../comparison.ts";
import type { Contender, OpenContender } from "../contender.ts";
import { driveHttp } from "../load/http.ts";
import type { Options } from "../options.ts";
import { operated } from "../services/configuration.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import { Home, type Mintmark } from "../services/mintmark.ts";
import { CLIENTS_EACH, registeredTenant, registerTenants } from "../services/registrations.ts";
import { cpuOf, memoryOf } from "../services/usage.ts";
import { mintsOfMany } from "./requests.ts";

/** How many of the tenants are asked for tokens. */
const IN_USE = 50;

/** Of CPU time that comes in ticks of 10 ms. */
const LEAST_SECONDS = 5;

/** What a node with registered tenants is measured for. */
type Measure = (home: Home, tenants: number, options: Options) => Promise<OpenContender>;

/** How the cost of a node grows with the tenants that are registered, each with ten clients. SQLite alone. */
export const registryWorkloads: readonly Comparison[] = [100, 10_000].flatMap((count) => [
  grown("start", "ms", starts, count),
  grown("memory", "MB", memory, count),
  grown("change", "ms", changes, count),
  grown("poll", "ms", polls, count),
  grown("mint", "/s", mints, count),
]);

function grown(name: string, unit: Unit, measure: Measure, count: number): Comparison {
  const contender = (tenants: number) => registered(tenants, measure);
  return {
    name: `registry-${name}-${count}`,
    unit,
    subject: contender(count),
    baselines: [{ contender: contender(1) }],
  };
}

function registered(tenants: number, measure: Measure): Contender {
  return {
    name: `${tenants} registered`,
    open: async (options) => {
      const home = new Home({ ...options, store: undefined }, operated);
      await (await home.start()).stop();
      if (home.file !== undefined) registerTenants(home.file, tenants);
      // Its keys are made, and the program is compiled.
      await (await home.start()).stop();
      const opened = await measure(home, tenants, options);
      return {
        ...opened,
        close: async () => {
          await opened.close();
          home.remove();
        },
      };
    },
  };
}

/** From the start of the process until it is ready: it tries its addresses long before. */
async function starts(home: Home): Promise<OpenContender> {
  const measure = async () => {
    const start = performance.now();
    const service = await home.start();
    const milliseconds = performance.now() - start;
    await service.stop();
    return milliseconds;
  };
  return { measure, close: async () => undefined };
}

/** What a node that has just started takes. */
async function memory(home: Home): Promise<OpenContender> {
  const measure = async () => {
    const service = await home.start();
    const megabytes = memoryOf(service.pid);
    await service.stop();
    return megabytes;
  };
  return { measure, close: async () => undefined };
}

/** How long it takes until a change of a client is written and acted by, with the call that asks for it. */
async function changes(home: Home, tenants: number): Promise<OpenContender> {
  const service = await home.start();
  const measure = async () => {
    const start = performance.now();
    let count = 0;
    for (; count < 10; count += 1) await changeAny(service, tenants);
    return (performance.now() - start) / count;
  };
  return { measure, close: service.stop };
}

async function changeAny({ port }: Mintmark, tenants: number): Promise<void> {
  const body = {
    tenant: registeredTenant(Math.floor(Math.random() * tenants)),
    client: `client-${1 + Math.floor(Math.random() * (CLIENTS_EACH - 1))}`,
    settings: { accessTokenLifetime: `${60 + Math.floor(Math.random() * 1000)}s` },
  };
  const response = await fetch(`http://127.0.0.1:${port}/mintmark.v1.RegistryService/UpdateClient`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${btoa(`operator:${CREDENTIALS.client_secret}`)}`,
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** The CPU time that a node takes each second in which nothing changes, in milliseconds. */
async function polls(home: Home): Promise<OpenContender> {
  const service = await home.start();
  const measure = async (seconds: number) => {
    const long = Math.max(seconds, LEAST_SECONDS);
    const before = cpuOf(service.pid);
    await delay(1000 * long);
    return (cpuOf(service.pid) - before) / long;
  };
  return { measure, close: service.stop };
}

/** Mints at some of the tenants. */
async function mints(home: Home, tenants: number, { connections }: Options): Promise<OpenContender> {
  const service = await home.start();
  const used = Array.from({ length: Math.min(IN_USE, tenants) }, (_, index) =>
    registeredTenant(Math.floor((index * tenants) / IN_USE)),
  );
  const load = { ...mintsOfMany([...new Set(used)].map((id) => `/${id}`)), port: service.port, connections };
  return { measure: async (seconds) => (await driveHttp(load, seconds)).rate, close: service.stop };
}
