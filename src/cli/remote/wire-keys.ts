import type { DescEnum } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type Key,
  KeyStateSchema,
  KeyUse,
  KeyUseSchema,
  RotationMode,
} from "../../../gen/mintmark/v1/key_service_pb.ts";
import { type KEY_USES, type PrintedKey, printedTime, type ROTATION_MODES } from "./keys.ts";

/** A key that the service describes. */
export function fromWire(key: Key): PrintedKey {
  const { kid, use, generation, algorithm, state } = key;
  return {
    ...(kid !== "" && { kid }),
    ...{ use: wordOf(KeyUseSchema, use), generation, algorithm, state: wordOf(KeyStateSchema, state) },
    ...timeOf("createTime", key.createTime),
    ...timeOf("activateTime", key.activateTime),
    ...timeOf("retireTime", key.retireTime),
    ...timeOf("removeTime", key.removeTime),
  };
}

/** A member with a time in it, or none if the service gave no such time. */
export function timeOf<Name extends string>(name: Name, time: Timestamp | undefined): { [name in Name]?: string } {
  return printedTime(name, time && timestampMs(time));
}

/** The wire's numbers for what the command line says in words. */
export function toWire(mode: (typeof ROTATION_MODES)[number], use: (typeof KEY_USES)[number]) {
  return {
    mode: RotationMode[mode.toUpperCase() as Uppercase<typeof mode>],
    use: KeyUse[use.toUpperCase() as Uppercase<typeof use>],
  };
}

/** A value's name in lower case; a newer service may have values that this program does not know. */
function wordOf({ value }: DescEnum, number: number): string {
  return value[number]?.localName.toLowerCase() ?? `unknown (${number})`;
}
