import { describe, expect, it } from "vitest";
import { Instruments } from "../../../src/telemetry/metrics/instruments.ts";
import { preferredFormat } from "../../../src/telemetry/metrics/open-metrics.ts";
import { recordingLogger } from "../../support/logger.ts";

describe("the format", () => {
  it.each([
    [undefined],
    ["*/*"],
    ["text/plain"],
    ["text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4"],
    ["application/openmetrics-text;q=0"],
    ["application/openmetrics-text;q=much"],
  ])("is plain text for %s", (accept) => {
    expect(preferredFormat(accept).contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it.each([
    ["application/openmetrics-text"],
    ["Application/OpenMetrics-Text; version=1.0.0; charset=utf-8"],
    // Prometheus' own.
    [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    ],
  ])("is OpenMetrics for %s", (accept) => {
    expect(preferredFormat(accept).contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  });
});

it("OpenMetrics names the family of a counter without its suffix, has no blank line, and ends", async () => {
  const instruments = new Instruments(recordingLogger());
  instruments.counter("things_total", "Things, in total.", ["kind"])({ kind: "one" });
  instruments.gauge("thing_now", "Things.", [], "max", () => [{ value: 2 }]);
  const expected =
    '# HELP things Things, in total.\n# TYPE things counter\nthings_total{kind="one"} 1\n' +
    "# HELP thing_now Things.\n# TYPE thing_now gauge\nthing_now 2\n# EOF\n";
  const { write } = preferredFormat("application/openmetrics-text");
  expect(write(await instruments.text())).toBe(expected);
  // A scrape in one format must not change the next one in the other.
  expect(await instruments.text()).toContain("# TYPE things_total counter\n");
});
