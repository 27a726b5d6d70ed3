import { beforeEach, expect, it } from "vitest";
import type { Listener, ReloadScope } from "../../../src/telemetry/events.ts";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import { watchCertificate, watchReloads } from "../../../src/telemetry/metrics/reloads.ts";
import { recordingLogger } from "../../support/logger.ts";

let instruments: Instruments;
let listen: Listener;
beforeEach(() => {
  instruments = new Instruments(recordingLogger());
  listen = watchReloads(instruments);
});

const refuse = (scope: ReloadScope) => listen({ event: "reload_refused", trigger: "change", scope, problems: ["x"] });
const succeed = (scope: ReloadScope) =>
  listen({ event: "configuration_reloaded", trigger: "change", scope, added: [], removed: [], changed: [] });

async function scraped(): Promise<Readonly<Record<string, string>>> {
  const lines = (await instruments.text()).matchAll(/^mintmark_last_reload_successful\{scope="(\w+)"\} (\d)$/gm);
  return Object.fromEntries(Array.from(lines, ([, scope = "", value = ""]) => [scope, value]));
}

it("is 1 until a reload is refused, and again once one succeeds", async () => {
  expect(await scraped()).toEqual({ configuration: "1", certificate: "1" });
  refuse("configuration");
  expect(await scraped()).toEqual({ configuration: "0", certificate: "1" });
  succeed("configuration");
  expect(await scraped()).toEqual({ configuration: "1", certificate: "1" });
});

it("takes nothing back of the configuration for the certificate's sake, but the other way round", async () => {
  refuse("configuration");
  refuse("certificate");
  succeed("certificate");
  expect(await scraped()).toEqual({ configuration: "0", certificate: "1" });
  refuse("certificate");
  succeed("configuration");
  expect(await scraped()).toEqual({ configuration: "1", certificate: "1" });
});

it("tells when the certificate expires, if there is one", async () => {
  let expiry: number | undefined;
  watchCertificate(instruments, () => expiry);
  expect(await instruments.text()).not.toMatch(/^mintmark_tls_certificate_expiry_timestamp_seconds /m);
  expiry = 1_800_000_000;
  expect(await instruments.text()).toContain("mintmark_tls_certificate_expiry_timestamp_seconds 1800000000\n");
});
