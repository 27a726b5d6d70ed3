import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Instant } from "../base/clock.ts";

/** An instant as a `google.protobuf.Timestamp`. */
export function toTimestamp(instant: Instant | undefined) {
  return instant === undefined ? undefined : timestampFromMs(instant);
}
