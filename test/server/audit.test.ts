import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { developmentConfig } from "../../src/config/development.ts";
import type { ConfigContext } from "../../src/config/load.ts";
import { grants } from "../../src/grants/index.ts";
import { openConfiguredAudit } from "../../src/server/audit.ts";
import { makeFolder, removeFolder } from "../store/sqlite/folder.ts";
import { faultsOfLine } from "../support/audit-schema.ts";
import { commandAnswer } from "../support/command-line.ts";
import { type Door, gatewayDoor, rpcDoor } from "../support/doors.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { searchLater } from "../support/leaks.ts";
import { recordingLogger } from "../support/logger.ts";
import { startTestService, type TestService } from "../support/service.ts";

const CLIENT = { client_id: "arbitrary-resource-owner-client", client_secret: "secret" };
const MINT = {
  ...CLIENT,
  grant_type: "arbitrary_identity",
  subject: "alice@example.com",
  scope: "offline_access",
  arbitrary_claims: '{"a-claim":"its-value"}',
};
const REFUSED = { code: "temporarily_unavailable", description: "The request could not be recorded. Try again." };

let folder: string;
let path: string;
let service: TestService;
let isRunning: boolean;
beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder, "audit.jsonl");
  isRunning = false;
});
afterEach(async () => {
  if (isRunning) await service.close();
  await removeFolder(folder);
});

async function start(audit: NonNullable<ConfigContext["development"]>["audit"]): Promise<void> {
  const development = developmentConfig(grants.map(({ grantType }) => grantType));
  service = await startTestService({}, { ...development, audit });
  isRunning = true;
}

async function throughBothDoors(act: (door: Door) => Promise<unknown>): Promise<void> {
  const rpc = rpcDoor(service.rpcPort);
  for (const door of [gatewayDoor(service.publicUrl), rpc]) await act(door);
  rpc.close();
}

const textsOf = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1);
const linesOf = (file: string, from = 0) =>
  textsOf(file)
    .slice(from)
    .map((line) => JSON.parse(line));
const eventsOf = (file: string, from = 0) => linesOf(file, from).map(({ event }) => event);

const readiness = async () => (await fetch(`http://127.0.0.1:${service.managementPort}/readyz?verbose`)).text();

describe("an audit in a file", () => {
  it("has a line for all that is done and refused, and no token, secret or claim", async () => {
    const secrets = new Set(["its-value", "a-claim", '"secret"', "wrong-secret"]);
    await start({ file: path, required: true });
    await throughBothDoors(async (door) => {
      const minted = await door.mint(MINT);
      const next = await door.refresh({ ...CLIENT, refresh_token: minted.refreshToken ?? "" });
      const reference = await door.mint({ ...MINT, access_token_type: "reference" });
      await door.introspect({ ...CLIENT, token: reference.accessToken ?? "" });
      await door.introspect({ ...CLIENT, token: next.refreshToken ?? "" });
      await door.revoke({ ...CLIENT, token: next.refreshToken ?? "", token_type_hint: "subject" });
      await door.revoke({ ...CLIENT, token: next.refreshToken ?? "" });
      await door.mint({ ...MINT, client_secret: "wrong-secret" });
      await door.mint({ ...MINT, grant_type: minted.refreshToken ?? "" });
      for (const answer of [minted, next, reference]) {
        for (const token of [answer.accessToken, answer.refreshToken, answer.idToken]) if (token) secrets.add(token);
      }
    });
    // What no operation has been asked for leaves no line.
    await fetch(`${service.publicUrl}/connect/token`, { method: "POST", body: "no form" });
    expect(secrets.size).toBeGreaterThan(15);
    const done = ["minted", "refreshed", "minted", "introspected", "introspected", "revoked", "revoked"];
    const ofOneDoor = [...done, "client_refused", "refused"];
    expect(eventsOf(path).filter((event) => event !== "key_made")).toEqual([
      "audit_opened",
      ...ofOneDoor,
      ...ofOneDoor,
    ]);
    expect(eventsOf(path)).toContain("key_made");
    expect(linesOf(path).find(({ event }) => event === "minted")).toMatchObject({
      audit: 1,
      outcome: "success",
      tenant: "default",
      client: CLIENT.client_id,
      subject: MINT.subject,
      grantType: MINT.grant_type,
      remoteAddress: "127.0.0.1",
    });
    for (const text of textsOf(path)) expect(faultsOfLine(text)).toBeUndefined();
    const whole = readFileSync(path, "utf8");
    for (const secret of secrets) expect(whole).not.toContain(secret);
    searchLater(() => whole);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await readiness()).toContain("[+]audit ok\n");
  });

  it("has keyed hashes for identifiers, which can be searched for, and the ids that the request has", async () => {
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, keyText());
    await start({ file: path, required: true, identifiers: "hmac", hmacKeyFile: keyFile });
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const response = await fetch(`${service.publicUrl}/connect/token`, {
      method: "POST",
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: new URLSearchParams(MINT),
    });
    const { hash } = await commandAnswer(["audit", "hash", "--key-file", keyFile, MINT.subject]);
    const requestId = response.headers.get("x-request-id");
    expect(linesOf(path).at(-1)).toMatchObject({
      event: "minted",
      tenant: "default",
      subject: hash,
      traceId,
      requestId,
    });
    const text = readFileSync(path, "utf8");
    for (const plain of [MINT.subject, CLIENT.client_id, "127.0.0.1"]) expect(text).not.toContain(plain);
    for (const line of textsOf(path)) expect(faultsOfLine(line)).toBeUndefined();
  });

  it("is appended to, and opened anew when the service is told to reload", async () => {
    writeFileSync(path, "of yesterday\n");
    await start({ file: path, required: true });
    renameSync(path, `${path}.1`);
    await gatewayDoor(service.publicUrl).mint(MINT);
    await service.reload();
    await gatewayDoor(service.publicUrl).mint(MINT);
    expect(textsOf(`${path}.1`)[0]).toBe("of yesterday");
    expect(eventsOf(`${path}.1`, 1).filter((event) => event !== "key_made")).toEqual(["audit_opened", "minted"]);
    expect(eventsOf(path)).toEqual(["audit_opened", "configuration_reloaded", "minted"]);
    for (const line of textsOf(path)) expect(faultsOfLine(line)).toBeUndefined();
  });

  it("prevents a start if it cannot be opened", async () => {
    const missing = join(folder, "missing", "audit.jsonl");
    const problem = `audit.file: cannot open ${missing} to append to it (ENOENT)`;
    await expect(start({ file: missing })).rejects.toThrow(problem);
  });
});

describe.skipIf(!existsSync("/dev/full"))("an audit on a full disk", () => {
  it("has nothing answered if it is required, and the node is not ready", async () => {
    await start({ file: "/dev/full", required: true });
    await throughBothDoors(async (door) => {
      expect(await door.mint(MINT)).toEqual({ error: REFUSED });
      expect(await door.mint({ ...MINT, client_secret: "wrong" })).toEqual({ error: REFUSED });
      expect(await door.introspect({ ...CLIENT, token: "any" })).toEqual({ error: REFUSED });
    });
    expect(await readiness()).toContain("[-]audit failed: it cannot be written (ENOSPC)\n");
    const failures = service.logger.lines.filter(({ message }) => message === "the audit cannot be written");
    expect(failures).toMatchObject([{ level: "error" }]);
  });

  it("changes no answer if it is not required", async () => {
    await start({ file: "/dev/full" });
    await throughBothDoors(async (door) => expect(await door.mint(MINT)).toMatchObject({ tokenType: "Bearer" }));
    expect(await readiness()).toContain("readyz check passed");
  });
});

describe("an audit on standard output that nobody reads", () => {
  it("keeps the service neither from starting nor from ending", async () => {
    const unread = async () => ({
      isTorn: false,
      write: () => new Promise<number>(() => undefined),
      sync: async () => undefined,
      close: async () => undefined,
    });
    const logger = recordingLogger();
    const settings = { path: undefined, hmacKey: undefined, required: true, sync: false };
    const audit = await openConfiguredAudit(settings, logger, unread, async () => undefined);
    await audit.close();
    expect(logger.lines).toMatchObject([{ message: "the audit is closed before all of its lines are written" }]);
  });
});
