import { describe, expect, it } from "vitest";
import { formatRate, parseRates } from "../../src/base/rate.ts";

describe("rates", () => {
  it.each([
    ["10/s", [{ most: 10, period: 1 }]],
    ["1/90s", [{ most: 1, period: 90 }]],
    [
      "100/15m,10/s, 1000/d",
      [
        { most: 10, period: 1 },
        { most: 100, period: 900 },
        { most: 1000, period: 86_400 },
      ],
    ],
    ["999999999/24h", [{ most: 999_999_999, period: 86_400 }]],
  ])("are read: %s", (text, rates) => expect(parseRates(text)).toEqual(rates));

  it.each([
    "",
    "10",
    "10/",
    "/s",
    "0/s",
    "10/0s",
    "-1/s",
    "1.5/s",
    "10/w",
    "10 / s",
    "10/s,",
    "10/s 5/m",
    "1/25h",
    "1/2d",
  ])("are not read: '%s'", (text) => expect(parseRates(text)).toBeUndefined());

  it.each(["10/s, 10/m", "10/s, 5/m", "10/s, 20/1s", "10/60s, 20/m"])(
    "are refused if one of them never applies: %s",
    (text) => expect(parseRates(text)).toBeUndefined(),
  );

  it.each(["10/s", "1/90s", "100/15m", "1000/d", "5/h"])("are written as they are read: %s", (text) =>
    expect(parseRates(text)?.map(formatRate)).toEqual([text]),
  );
});
