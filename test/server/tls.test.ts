import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTls, warnOfDates } from "../../src/server/tls.ts";
import { SECRET } from "../config/context.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { recordingLogger } from "../support/logger.ts";
import { startTestService, type TestService } from "../support/service.ts";

const pem = (name: string) => new URL(`../support/tls/${name}.pem`, import.meta.url);
const ca = ["cert", "other-cert", "expired-cert"].map((name) => readFileSync(pem(name)));

let folder: string;
let service: TestService;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mintmark-tls-"));
  writePair("");
  writeConfig();
  service = await startTestService({
    MINTMARK_CONFIG: join(folder, "mintmark.yaml"),
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(),
    MINTMARK_OPERATOR_ADDRESS: "127.0.0.1:0",
  });
});
afterEach(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

function writePair(which: "" | "other-"): void {
  copyFileSync(pem(`${which}cert`), join(folder, "tls.crt"));
  copyFileSync(pem(`${which}key`), join(folder, "tls.key"));
}

function writeConfig(tls: object = {}): void {
  const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const tenants = { default: { signing: { algorithm: "EdDSA" }, clients: { web: { secrets: [SECRET] } } } };
  writeFileSync(join(folder, "mintmark.yaml"), JSON.stringify({ tls: { ...files, ...tls }, tenants }));
}

const ports = () => [service.httpPort, service.rpcPort, service.operatorPort ?? 0];

/** The serial number of the certificate that a port shows, or the code of what is wrong with the handshake. */
async function shown(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost", ALPNProtocols: ["h2"], ...options });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerX509Certificate()?.serialNumber ?? "none";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  } finally {
    socket.destroy();
  }
}

const shownByAll = (options?: ConnectionOptions) => Promise.all(ports().map((port) => shown(port, options)));
const all = (what: string) => ports().map(() => what);

const OLD = "0AF51AD0F8EED1053438E50F51AF583D28FB30E4";

describe("the certificate of every port", () => {
  it("is another for whoever connects after a reload, and for nobody else", async () => {
    expect(await shownByAll()).toEqual(all(OLD));
    const sessions = ports().map((port) => connectHttp2(`https://localhost:${port}`, { ca }));
    await Promise.all(sessions.map((session) => once(session, "connect")));
    writePair("other-");
    await service.reload();
    const [now] = await shownByAll();
    expect(now).toMatch(/^[0-9A-F]{40}$/);
    expect(now).not.toBe(OLD);
    expect(await shownByAll()).toEqual(all(now ?? ""));
    for (const session of sessions) {
      const stream = session.request({ ":path": "/.well-known/openid-configuration" });
      expect((await once(stream, "response"))[0][":status"]).toBeDefined();
      stream.close();
      session.destroy();
    }
  });

  it("is the one that the metrics tell the expiry of", async () => {
    const expiry = async () =>
      /^mintmark_tls_certificate_expiry_timestamp_seconds (.+)$/m.exec(
        await (await fetch(`http://127.0.0.1:${service.managementPort}/metrics`)).text(),
      )?.[1];
    const expiryOf = (certificate: Buffer | undefined) =>
      String(new X509Certificate(certificate ?? "").validToDate.getTime() / 1000);
    expect(await expiry()).toBe(expiryOf(ca[0]));
    writePair("other-");
    await service.reload();
    expect(await expiry()).toBe(expiryOf(ca[1]));
  });

  it("is noticed when it changes, without a signal", async () => {
    writePair("other-");
    await expect.poll(() => shown(service.httpPort), { timeout: 30_000 }).not.toBe(OLD);
    expect(service.logger.lines.map(({ fields }) => fields)).toContainEqual({
      event: "configuration_reloaded",
      trigger: "change",
      scope: "certificate",
      added: [],
      removed: [],
      changed: ["tls.certificate", "tls.key"],
    });
  });

  it("is used although it has expired, with a warning", async () => {
    copyFileSync(pem("expired-cert"), join(folder, "tls.crt"));
    await service.reload();
    expect(await shownByAll()).toEqual(all("CERT_HAS_EXPIRED"));
    expect(service.logger.lines.filter(({ level }) => level === "warn")).toMatchObject([
      { fields: { certificate: join(folder, "tls.crt") }, message: expect.stringContaining("has expired") },
    ]);
  });

  it("stays if the new one cannot be used", async () => {
    copyFileSync(pem("other-cert"), join(folder, "tls.crt"));
    await service.reload();
    expect(await shownByAll()).toEqual(all(OLD));
    expect(service.logger.text()).toContain("to contain the private key of the first certificate");
  });
});

it("warns from the start of a certificate that clients refuse because of its dates", () => {
  const [certificate, key] = [readFileSync(pem("expired-cert"), "utf8"), readFileSync(pem("key"), "utf8")];
  const source = { certificate: "tls.crt", key: "tls.key", minVersion: "TLSv1.2", clientCertificates: {} } as const;
  const material = { certificate, key, minVersion: source.minVersion, clients: {}, source };
  const logger = recordingLogger();
  openTls({ tls: material }, logger);
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  for (const now of [validFromDate.getTime() - 1, validFromDate.getTime(), validToDate.getTime()]) {
    warnOfDates(material, now, logger);
  }
  expect(logger.lines.map(({ message }) => message)).toEqual([
    expect.stringContaining("has expired"),
    expect.stringContaining("is not valid yet"),
    expect.stringContaining("has expired"),
  ]);
});

it("speaks no version of TLS below the lowest, which a reload may raise", async () => {
  const [v1_2, v1_1] = [{ maxVersion: "TLSv1.2" }, { minVersion: "TLSv1", maxVersion: "TLSv1.1" }] as const;
  expect(await shownByAll(v1_2)).toEqual(all(OLD));
  const weak = { ...v1_1, ciphers: "DEFAULT:@SECLEVEL=0" } as const;
  expect(await shownByAll(weak)).toEqual(all("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"));
  writeConfig({ minVersion: 1.3 });
  await service.reload();
  expect(await shownByAll(v1_2)).toEqual(all("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"));
  expect(await shownByAll()).toEqual(all(OLD));
});
