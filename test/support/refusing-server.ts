import { BSON } from "mongodb";

/** How a MongoDB server refuses a command: its error code and what it says. */
export interface ServerRefusal {
  readonly code: number;
  readonly codeName: string;
  readonly errmsg: string;
}

/** The user may not do that (any more). */
export const UNAUTHORIZED: ServerRefusal = { code: 13, codeName: "Unauthorized", errmsg: "not authorized on mintmark" };

/** The disk is full. */
export const OUT_OF_DISK_SPACE: ServerRefusal = { code: 14031, codeName: "OutOfDiskSpace", errmsg: "no space left" };

const OP_MSG = 2013;
const HEADER_BYTES = 16;

/** What a driver asks to know the server, rather than to use it. */
const HANDSHAKES = ["hello", "ismaster", "isMaster", "ping", "endSessions"];

/**
 * Splits what a driver sends into what goes on to the server and the server's own refusals of the rest, as OP_MSG of the
 * wire protocol has them. `bytes`: whole messages.
 */
export function refuseCommands(bytes: Buffer, refusal: ServerRefusal): { passed: Buffer; refused: Buffer } {
  const passed: Buffer[] = [];
  const refused: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const message = bytes.subarray(at, at + bytes.readInt32LE(at));
    at += message.length;
    if (isHandshake(message)) passed.push(message);
    else refused.push(answer(message.readInt32LE(4), { ok: 0, ...refusal }));
  }
  return { passed: Buffer.concat(passed), refused: Buffer.concat(refused) };
}

function isHandshake(message: Buffer): boolean {
  if (message.readInt32LE(12) !== OP_MSG) return true;
  // After the header: the flags, and the kind of the first section, which is the command.
  const start = HEADER_BYTES + 5;
  const command = BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)));
  return HANDSHAKES.includes(Object.keys(command)[0] ?? "");
}

function answer(responseTo: number, document: object): Buffer {
  const body = Buffer.concat([Buffer.alloc(5), BSON.serialize(document)]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + body.length, 0);
  header.writeInt32LE(responseTo, 8);
  header.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([header, body]);
}
