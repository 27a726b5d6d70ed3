import { expect, it } from "vitest";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import { watchEventLoop } from "../../../src/telemetry/metrics/process.ts";
import { recordingLogger } from "../../support/logger.ts";

/** Delays of the event loop, which all are the longest of them. */
class FakeDelays {
  longest = 0;
  readonly enable = () => true;
  readonly disable = () => true;
  readonly percentile = () => this.longest;
  reset(): void {
    this.longest = 0;
  }
}

it("tells every scrape by how much the event loop was late, for a minute or two", async () => {
  const instruments = new Instruments(recordingLogger());
  const delays = new FakeDelays();
  let now = 0;
  watchEventLoop(instruments, () => now, delays);
  const most = async () => /quantile="1"} (\S+)/.exec(await instruments.text())?.[1];
  delays.longest = 510e6;
  expect([await most(), await most()]).toEqual(["0.5", "0.5"]);
  now = 60_000;
  await most();
  expect([await most(), await most()]).toEqual(["0.5", "0.5"]);
  now = 120_000;
  await most();
  expect(await most()).toBe("0");
});
