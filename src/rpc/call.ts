import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Metadata, StatusObject } from "@grpc/grpc-js";
import type { CallContext } from "./call-context.ts";
import { refuse, unreadable } from "./errors.ts";
import { binaryOptions } from "./limits.ts";
import { statusOf, toStatus } from "./status.ts";

/**
 * Decodes a message. Throws a refusal if that fails; grpc-js would report a failure in a deserializer as the server's.
 */
export function decode<Desc extends DescMessage>(desc: Desc, bytes: Buffer): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes, binaryOptions);
  } catch (error) {
    throw error instanceof Error ? unreadable(error) : error;
  }
}

/** Encodes a message. */
export function encode<Desc extends DescMessage>(desc: Desc, message: MessageInitShape<Desc>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(desc, create(desc, message));
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * The answer to a failed call: the status of its refusal with the implementation's trailer, and the implementation's header,
 * undefined if it set none.
 */
export function failureOf(
  error: unknown,
  context: CallContext,
): { readonly status: StatusObject; readonly header: Metadata | undefined } {
  try {
    return { status: statusOf(refuse(error), context.trailer), header: context.header };
  } catch (unwritable) {
    return { status: toStatus(refuse(unwritable)), header: undefined };
  }
}
