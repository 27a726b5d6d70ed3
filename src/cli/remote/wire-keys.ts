import {
  type Key,
  KeyStateSchema,
  KeyUse,
  KeyUseSchema,
  RotationMode,
} from "../../../gen/mintmark/v1/key_service_pb.ts";
import type { KEY_USES, PrintedKey, ROTATION_MODES } from "./keys.ts";
import { timeOf, wordOf } from "./wire-words.ts";

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

/** The wire's numbers for what the command line says in words. */
export function toWire(mode: (typeof ROTATION_MODES)[number], use: (typeof KEY_USES)[number]) {
  return {
    mode: RotationMode[mode.toUpperCase() as Uppercase<typeof mode>],
    use: KeyUse[use.toUpperCase() as Uppercase<typeof use>],
  };
}
