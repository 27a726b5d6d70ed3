import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { SealError } from "../../src/keyring/seal.ts";
import { Reloader } from "../../src/server/reloader.ts";
import { StoreUnavailableError } from "../../src/store/port.ts";
import type { Event } from "../../src/telemetry/events.ts";
import { fileWorld, yamlOf } from "../config/context.ts";
import { type RecordingLogger, recordingLogger } from "../support/logger.ts";

/** A configuration file that is watched. */
const fileOf = (client: object = {}, tenant: object = {}, top: object = {}) =>
  yamlOf(client, tenant, { reloadOnChange: true, ...top });

/** The configuration file, as it is now. */
let file: string;
/** What the service was made to run with, in order. */
let applied: Config[];
let apply: (config: Config) => Promise<void>;
let told: Event[];
let logger: RecordingLogger;
let reloader: Reloader;
beforeEach(() => {
  file = fileOf({ scopes: ["one"] });
  applied = [];
  told = [];
  apply = async () => undefined;
  logger = recordingLogger();
  const sources = { ...fileWorld(file), readFile: () => file };
  reloader = new Reloader({
    config: loadConfig(sources),
    sources,
    readFile: async () => file,
    apply: async (next) => {
      await apply(next);
      applied.push(next);
    },
    emit: (event) => told.push(event),
    logger,
  });
});

const scopesOf = (config: Config | undefined) => config?.tenants.get("acme")?.clients.get("web")?.scopes;
const remark = () => reloader.check.remark?.();
const look = async (times: number) => {
  for (let time = 0; time < times; time++) await reloader.job.run();
};

describe("a reload", () => {
  it("applies what was read, and tells what changed", async () => {
    file = fileOf({ scopes: ["two"] }, {}, { logLevel: "debug" });
    await reloader.reload("SIGHUP");
    expect(applied.map(scopesOf)).toEqual([new Set(["two"])]);
    const changed = ["tenants.acme.clients.web.scopes"];
    expect(told).toEqual([
      { event: "configuration_reloaded", trigger: "SIGHUP", scope: "configuration", added: [], removed: [], changed },
      { event: "restart_required", settings: ["logLevel"] },
    ]);
    expect(remark()).toBeUndefined();
  });

  it("is told although nothing has changed", async () => {
    await reloader.reload("SIGHUP");
    expect(told).toMatchObject([{ event: "configuration_reloaded", changed: [] }]);
  });

  it("compares with what the service runs with by now", async () => {
    file = fileOf({ scopes: ["two"] });
    await reloader.reload("SIGHUP");
    await reloader.reload("SIGHUP");
    expect(told.map((event) => "changed" in event && event.changed)).toEqual([["tenants.acme.clients.web.scopes"], []]);
  });

  it("warns of what is new only", async () => {
    file = fileOf({ refreshGrace: "5m" });
    await reloader.reload("SIGHUP");
    await reloader.reload("SIGHUP");
    expect(logger.lines).toMatchObject([{ level: "warn", message: expect.stringContaining("refreshGrace: 5m") }]);
  });

  it("of a faulty file applies nothing, tells every fault, and no secret", async () => {
    file = fileOf({ secrets: ["hunter2"], scopes: "x" });
    await reloader.reload("SIGHUP");
    expect(applied).toEqual([]);
    const problems = [
      expect.stringMatching(/^tenants\.acme\.clients\.web\.secrets\[0\]: /),
      expect.stringMatching(/^tenants\.acme\.clients\.web\.scopes: /),
    ];
    expect(told).toEqual([{ event: "reload_refused", trigger: "SIGHUP", scope: "configuration", problems }]);
    expect(remark()).toMatch(
      /^the last reload was refused, .+: tenants\.acme\.clients\.web\.secrets.+ \(and 1 more\)$/,
    );
    expect(await reloader.check.run()).toBeUndefined();
    expect(JSON.stringify(told) + logger.text() + remark()).not.toContain("hunter2");
    file = fileOf();
    await reloader.reload("SIGHUP");
    expect(remark()).toBeUndefined();
  });

  it.each(["postgres://mint:hunter2@db/mint", "mongodb://mint:hunter2@db/?w=1"])(
    "with a store that no start could open is refused: %s",
    async (store) => {
      file = fileOf({ scopes: ["two"] }, {}, { store });
      await reloader.reload("SIGHUP");
      expect(applied).toEqual([]);
      const problems = [expect.stringMatching(/^store \(MINTMARK_STORE\): /)];
      expect(told).toEqual([{ event: "reload_refused", trigger: "SIGHUP", scope: "configuration", problems }]);
      expect(JSON.stringify(told) + logger.text() + remark()).not.toContain("hunter2");
    },
  );

  it.each([
    [new StoreUnavailableError("The store is away."), ["The store is away."], 0],
    [new SealError("A key cannot be opened."), ["A key cannot be opened."], 0],
    [new TypeError("x is not a function"), ["An unexpected error occurred."], 1],
  ])("that cannot be applied is refused: %s", async (error, problems, errors) => {
    apply = async () => {
      throw error;
    };
    file = fileOf({ scopes: ["two"] });
    await reloader.reload("SIGHUP");
    expect(told).toEqual([{ event: "reload_refused", trigger: "SIGHUP", scope: "configuration", problems }]);
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(errors);
    apply = async () => undefined;
    await reloader.reload("SIGHUP");
    expect(applied.map(scopesOf)).toEqual([new Set(["two"])]);
    expect(told[1]).toMatchObject({ event: "configuration_reloaded", changed: ["tenants.acme.clients.web.scopes"] });
  });

  it("waits for the one before it, and serves all who asked in the meantime", async () => {
    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    apply = () => {
      begun.resolve();
      return gate.promise;
    };
    file = fileOf({ scopes: ["two"] });
    const first = reloader.reload("change");
    await begun.promise;
    apply = async () => undefined;
    const others = [reloader.reload("change"), reloader.reload("SIGHUP"), reloader.reload("change")];
    file = fileOf({ scopes: ["three"] });
    gate.resolve();
    await Promise.all([first, ...others]);
    expect(applied.map(scopesOf)).toEqual([new Set(["two"]), new Set(["three"])]);
    expect(told).toMatchObject([{ trigger: "change" }, { trigger: "SIGHUP" }]);
  });

  it("reads nothing once the service stops, and what is under way ends first", async () => {
    file = fileOf({ scopes: ["two"] });
    const first = reloader.reload("SIGHUP");
    await Promise.resolve();
    await reloader.stop();
    await first;
    file = fileOf({ scopes: ["three"] });
    await reloader.reload("SIGHUP");
    expect(applied.map(scopesOf)).not.toContainEqual(new Set(["three"]));
  });
});

describe("a watch", () => {
  beforeEach(() => look(1));

  it("begins without a word", () => {
    expect(told).toEqual([]);
  });

  it("reads the configuration again once a changed file stays as it is", async () => {
    file = fileOf({ scopes: ["two"] });
    await look(1);
    expect(applied.map(scopesOf)).toEqual([new Set(["one"])]);
    await look(3);
    expect(applied.map(scopesOf)).toEqual([new Set(["one"]), new Set(["two"])]);
    expect(told).toMatchObject([{ event: "configuration_reloaded", trigger: "change" }]);
  });

  it("says nothing of a change that means nothing", async () => {
    file = ` ${file} `;
    await look(3);
    expect(told).toEqual([]);
  });

  it("tells of a faulty file once, and that it is mended", async () => {
    const right = file;
    file = "tenants: [";
    await look(5);
    expect(told).toMatchObject([{ event: "reload_refused", trigger: "change" }]);
    file = right;
    await look(3);
    expect(told.slice(1)).toMatchObject([{ event: "configuration_reloaded", changed: [] }]);
    expect(remark()).toBeUndefined();
  });

  it("tries again for as long as the store is away, and tells of it once", async () => {
    apply = async () => {
      throw new StoreUnavailableError("The store is away.");
    };
    file = fileOf({ scopes: ["two"] });
    await look(6);
    expect(told).toMatchObject([{ event: "reload_refused", problems: ["The store is away."] }]);
    apply = async () => undefined;
    await look(1);
    expect(applied.map(scopesOf).at(-1)).toEqual(new Set(["two"]));
    expect(told.slice(1)).toMatchObject([{ event: "configuration_reloaded" }]);
  });
});

describe("a watch of a file that somebody writes while it is read", () => {
  it.each([fileOf({ scopes: ["half"] }), "tenants: ["])("applies nothing of it, nor complains: %s", async (half) => {
    const whole = fileOf({ scopes: ["whole"] });
    const read = [fileOf(), half, whole];
    const sources = { ...fileWorld(fileOf()), readFile: () => read.shift() ?? whole };
    const config = loadConfig(fileWorld(fileOf()));
    const watching = new Reloader({
      config,
      sources,
      readFile: async () => whole,
      apply: async (next) => void applied.push(next),
      emit: (event) => told.push(event),
      logger,
    });
    await watching.job.run();
    await watching.job.run();
    // By now the look has found the whole file twice, but the reading after it finds half of it.
    await watching.job.run();
    expect([...applied.slice(1), ...told]).toEqual([]);
    await watching.job.run();
    expect(applied.slice(1).map(scopesOf)).toEqual([new Set(["whole"])]);
    expect(told).toMatchObject([{ event: "configuration_reloaded" }]);
  });
});

/** A configuration with a certificate, all of it in files, and a reloader that watches them. */
const pem = (name: string) => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url), "utf8");
const tls = { certificate: "a.crt", key: "a.key" };
let files: Record<string, string>;
let watching: Reloader;
async function watchFiles(configuration: string): Promise<void> {
  files = { "/srv/mint.yaml": configuration, "/srv/a.crt": pem("cert"), "/srv/a.key": pem("key") };
  const sources = { ...fileWorld(""), readFile: (path: string) => files[path] ?? "" };
  watching = new Reloader({
    config: loadConfig(sources),
    sources,
    readFile: async (path) => files[path] ?? "",
    apply: async (next) => {
      await apply(next);
      applied.push(next);
    },
    emit: (event) => told.push(event),
    logger,
  });
  await watching.job.run();
}
const renew = () => {
  files["/srv/a.crt"] = pem("other-cert");
  files["/srv/a.key"] = pem("other-key");
};
const lookAgain = async (times: number) => {
  for (let time = 0; time < times; time++) await watching.job.run();
};

describe("a watch of the certificate alone", () => {
  beforeEach(() => watchFiles(yamlOf({}, {}, { tls })));

  it("has it read again, and nothing else", async () => {
    files["/srv/mint.yaml"] = yamlOf({ scopes: ["two"] }, {}, { tls });
    await lookAgain(3);
    expect(told).toEqual([]);
    files["/srv/a.crt"] = pem("other-cert");
    await lookAgain(1);
    files["/srv/a.key"] = pem("other-key");
    await lookAgain(2);
    const changed = ["tls.certificate", "tls.key"];
    expect(told).toMatchObject([{ event: "configuration_reloaded", trigger: "change", scope: "certificate", changed }]);
    expect(applied.at(-1)).toMatchObject({ tls: { certificate: pem("other-cert"), key: pem("other-key") } });
    expect(scopesOf(applied.at(-1))).toEqual(new Set());
  });

  it("leaves the old one in use if the new one cannot be used, and says so until it can", async () => {
    files["/srv/a.crt"] = pem("other-cert");
    await lookAgain(3);
    const problems = ["tls.key: expected a.key to contain the private key of the first certificate in a.crt"];
    expect(told).toEqual([{ event: "reload_refused", trigger: "change", scope: "certificate", problems }]);
    expect(applied.map((config) => config.tls?.certificate)).toEqual([pem("cert")]);
    expect(watching.check.remark?.()).toContain("the private key of the first certificate");
    files["/srv/a.key"] = pem("other-key");
    await lookAgain(3);
    expect(told.slice(1)).toMatchObject([{ event: "configuration_reloaded" }]);
    expect(watching.check.remark?.()).toBeUndefined();
  });

  it("takes back nothing of what was said about the rest, and goes on after a signal", async () => {
    files["/srv/mint.yaml"] = "tenants: 1";
    await watching.reload("SIGHUP");
    await lookAgain(1);
    files["/srv/a.crt"] = pem("other-cert");
    files["/srv/a.key"] = pem("other-key");
    await lookAgain(2);
    expect(told).toMatchObject([{ event: "reload_refused" }, { event: "configuration_reloaded", trigger: "change" }]);
    expect(watching.check.remark?.()).toContain("tenants: expected a mapping");
  });

  it("follows it to another place", async () => {
    files["/srv/mint.yaml"] = yamlOf({}, {}, { tls: { certificate: "b.crt", key: "b.key" } });
    files["/srv/b.crt"] = pem("cert");
    files["/srv/b.key"] = pem("key");
    await watching.reload("SIGHUP");
    await lookAgain(1);
    files["/srv/b.crt"] = pem("other-cert");
    files["/srv/b.key"] = pem("other-key");
    await lookAgain(2);
    expect(applied.at(-1)?.tls?.certificate).toBe(pem("other-cert"));
  });
});

describe("a watch of the configuration and its certificate", () => {
  beforeEach(() => watchFiles(fileOf({ scopes: ["one"] }, {}, { tls })));
  const certificate = () => applied.at(-1)?.tls?.certificate;

  it("tells of a renewed certificate once", async () => {
    renew();
    await lookAgain(3);
    const changed = ["tls.certificate", "tls.key"];
    expect(told).toMatchObject([{ event: "configuration_reloaded", scope: "configuration", changed }]);
    expect(certificate()).toBe(pem("other-cert"));
  });

  it.each(["tenants: [", fileOf({ scopes: 1 }, {}, { tls })])(
    "uses a renewed certificate while the rest is faulty: %s",
    async (faulty) => {
      files["/srv/mint.yaml"] = faulty;
      await lookAgain(2);
      renew();
      await lookAgain(3);
      expect(told).toMatchObject([
        { event: "reload_refused", scope: "configuration" },
        { event: "configuration_reloaded", scope: "certificate", changed: ["tls.certificate", "tls.key"] },
      ]);
      expect([certificate(), scopesOf(applied.at(-1))]).toEqual([pem("other-cert"), new Set(["one"])]);
      expect(watching.check.remark?.()).toContain("the last reload was refused");
      files["/srv/mint.yaml"] = fileOf({ scopes: ["two"] }, {}, { tls });
      await lookAgain(2);
      expect([certificate(), scopesOf(applied.at(-1))]).toEqual([pem("other-cert"), new Set(["two"])]);
      expect(watching.check.remark?.()).toBeUndefined();
    },
  );

  it("uses a renewed certificate while the store is away", async () => {
    apply = async (next) => {
      if (!isDeepStrictEqual(scopesOf(next), new Set(["one"]))) throw new StoreUnavailableError("The store is away.");
    };
    files["/srv/mint.yaml"] = fileOf({ scopes: ["two"] }, {}, { tls });
    renew();
    await lookAgain(3);
    expect([certificate(), scopesOf(applied.at(-1))]).toEqual([pem("other-cert"), new Set(["one"])]);
    apply = async () => undefined;
    await lookAgain(1);
    expect([certificate(), scopesOf(applied.at(-1))]).toEqual([pem("other-cert"), new Set(["two"])]);
  });

  it("tells once of a certificate that cannot be used, and that it is mended", async () => {
    files["/srv/a.crt"] = pem("other-cert");
    await lookAgain(3);
    expect(told).toMatchObject([{ event: "reload_refused", problems: [expect.stringMatching(/^tls\.key: /)] }]);
    expect(watching.check.remark?.()).not.toContain("more");
    renew();
    await lookAgain(3);
    expect(told.slice(1)).toMatchObject([{ event: "configuration_reloaded", scope: "configuration" }]);
    expect(watching.check.remark?.()).toBeUndefined();
  });
});
