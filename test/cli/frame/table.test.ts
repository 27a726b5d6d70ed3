import { expect, it } from "vitest";
import { formatCell } from "../../../src/cli/frame/table.ts";

it.each([
  ["\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  [["a", "b\r\n"], "a, b\\u000d\\u000a"],
  [{ claim: "\u009b31m" }, '{"claim":"\\u009b31m"}'],
  ["Zoë 鱼", "Zoë 鱼"],
])("what a terminal shows has no control characters: %j", (value, shown) => expect(formatCell(value)).toBe(shown));
