import type { DescEnum } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { printedTime } from "./times.ts";

/** A member with a time in it, or none if the service gave no such time. */
export function timeOf<Name extends string>(name: Name, time: Timestamp | undefined): { [name in Name]?: string } {
  return printedTime(name, time && timestampMs(time));
}

/** A value's name in lower case; a newer service may have values that this program does not know. */
export function wordOf({ value }: DescEnum, number: number): string {
  return value[number]?.localName.toLowerCase() ?? `unknown (${number})`;
}
