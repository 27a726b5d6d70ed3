import { expect, it } from "vitest";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import { recordingLogger } from "../../support/logger.ts";

it("measures what it can, and tells the first failure alone", async () => {
  const logger = recordingLogger();
  const instruments = new Instruments(logger);
  const count = instruments.counter("things_total", "Things.", ["kind"]);
  const time = instruments.histogram("thing_seconds", "Things.", []);
  instruments.gauge("thing_now", "Things.", [], "max", () => {
    throw new Error("nothing to read");
  });
  count({ kind: "one", unknown: "x" } as never);
  time(Number.NaN, {});
  count({ kind: "two" });
  time(0.0004, {});
  const text = await instruments.text();
  expect(text).toContain('things_total{kind="two"} 1\n');
  expect(text).toContain('thing_seconds_bucket{le="0.0005"} 1\n');
  expect(logger.lines.map(({ level }) => level)).toEqual(["error"]);
});

it("forgets what a gauge read before", async () => {
  const instruments = new Instruments(recordingLogger());
  let kinds = ["one", "two"];
  instruments.gauge("thing_now", "Things.", ["kind"], "max", () =>
    kinds.map((kind) => ({ labels: { kind }, value: 1 })),
  );
  expect(await instruments.text()).toContain('kind="two"');
  kinds = ["one"];
  expect(await instruments.text()).not.toContain('kind="two"');
});

it("counts on from one scrape to the next", async () => {
  const instruments = new Instruments(recordingLogger());
  const count = instruments.counter("things_total", "Things.", ["kind", "size"], () => [{ kind: "never", size: "l" }]);
  count({ kind: "one", size: undefined });
  count({ size: "s", kind: "one" });
  expect(await instruments.text()).toContain('things_total{kind="one"} 1\n');
  count({ kind: "one", size: "s" });
  const text = await instruments.text();
  expect(text).toContain('things_total{kind="one"} 1\n');
  expect(text).toContain('size="s"');
  expect(text.match(/^things_total\{.*\} 2$/gm)).toHaveLength(1);
  expect(text).toContain('things_total{kind="never",size="l"} 0\n');
});
