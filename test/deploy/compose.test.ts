import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { context, fakeFiles } from "../config/context.ts";
import { keyText } from "../support/key-encryption-key.ts";

const root = join(import.meta.dirname, "../..");
const compose = parse(readFileSync(join(root, "compose.yaml"), "utf8"), { merge: true });
const { services } = compose;
const nodes = ["node-1", "node-2"];

/** Where a service finds a file of the host or a secret. */
const mounts = (service: { readonly volumes: readonly string[]; readonly secrets: readonly string[] }) => ({
  volumes: service.volumes.map((volume) => volume.split(":")),
  secrets: service.secrets.map((secret) => `/run/secrets/${secret}`),
});

describe("compose.yaml", () => {
  it("has two nodes and their database, of which only the nodes can be reached, from this machine alone", () => {
    expect(Object.keys(services)).toEqual([...nodes, "mongodb"]);
    const published = nodes.flatMap((name) => services[name].ports);
    expect(published.every((port: string) => port.startsWith("127.0.0.1:"))).toBe(true);
    expect(new Set(published).size).toBe(4);
    expect(services.mongodb.ports).toBeUndefined();
    expect(services.mongodb.networks).toEqual(["back"]);
    expect(compose.networks.back).toEqual({ internal: true });
  });

  it.each(nodes)("%s has no privileges, and starts when the database answers", (name) => {
    expect(services[name]).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      depends_on: { mongodb: { condition: "service_healthy" } },
    });
  });

  it.each(nodes)("%s has a configuration that can be used, and secrets from files alone", (name) => {
    const { environment, ...service } = services[name];
    const { volumes, secrets } = mounts(service);
    const [[host = "", inside = ""] = []] = volumes;
    expect(environment).toMatchObject({
      MINTMARK_STORE_FILE: "/run/secrets/store",
      MINTMARK_KEY_ENCRYPTION_KEY_FILE: "/run/secrets/key-encryption-key",
    });
    const config = loadConfig(
      context({
        env: {
          ...environment,
          MINTMARK_CONFIG: inside,
          MINTMARK_HTTP_ADDRESS: "0.0.0.0:7001",
          MINTMARK_RPC_ADDRESS: "0.0.0.0:7002",
          WEB_CLIENT_SECRET: "a secret of the reader's own",
        },
        readFile: fakeFiles({
          [inside]: readFileSync(join(root, host), "utf8"),
          [secrets[0] ?? ""]: keyText(),
          [secrets[1] ?? ""]: "mongodb://mintmark:hunter2@mongodb/mintmark?authSource=admin\n",
        }),
      }),
    );
    expect(config.store).toContain("@mongodb/mintmark");
    expect([...config.tenants.keys()]).toEqual(["default"]);
  });

  it("knows every secret that a service has, as a file", () => {
    const used = Object.values<{ readonly secrets: readonly string[] }>(services).flatMap(({ secrets }) => secrets);
    expect([...new Set(used)].sort()).toEqual(Object.keys(compose.secrets).sort());
    for (const [name, secret] of Object.entries(compose.secrets)) expect(secret).toEqual({ file: `./secrets/${name}` });
  });
});
