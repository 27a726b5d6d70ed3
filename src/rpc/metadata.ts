import type { OutgoingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { once } from "../base/once.ts";
import { OAuthError } from "../engine/errors.ts";
import { toConnectError } from "./errors.ts";

/** Base64 as gRPC accepts it: with or without padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** The refusal of a call with malformed binary metadata. */
export const malformedBinary = once(() =>
  toConnectError(new OAuthError("invalid_request", "Metadata whose name ends in -bin must be base64.")),
);

/** Whether metadata that must be base64 is not. `fields`: the names and values in turn, as received. */
export function hasMalformedBinary(fields: readonly string[]): boolean {
  return fields.some((value, index) => {
    const isBinary = index % 2 === 1 && fields[index - 1]?.toLowerCase().endsWith("-bin");
    return isBinary && !value.split(",").every((part) => BASE64.test(part.trim()));
  });
}

/** The metadata of a gRPC call as header fields; values of `-bin` keys are in base64, as on the wire. */
export function toHeaders(metadata: Metadata): [string, string][] {
  return Object.entries(metadata.toJSON()).flatMap(([key, values]) =>
    values.map((value): [string, string] => [key, typeof value === "string" ? value : value.toString("base64")]),
  );
}

/** Metadata with unpadded base64, as gRPC recommends; grpc-js pads it. */
class UnpaddedMetadata extends Metadata {
  override clone(): Metadata {
    const copy = new UnpaddedMetadata(this.getOptions());
    copy.merge(this);
    return copy;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    const unpadded = (value: string) => value.replace(/=+$/, "");
    return Object.fromEntries(
      Object.entries(super.toHttp2Headers()).map(([key, values]) => [
        key,
        key.endsWith("-bin") ? [values ?? []].flat().map(String).map(unpadded) : values,
      ]),
    );
  }
}

/**
 * Header fields as the metadata of a gRPC call; values of `-bin` keys are in base64, separated by commas. Throws if a
 * value of any other key is not printable ASCII, which gRPC does not allow.
 */
export function toMetadata(headers: Headers): Metadata {
  const metadata = new UnpaddedMetadata();
  for (const [key, value] of headers) {
    if (!key.endsWith("-bin")) metadata.add(key, value);
    else for (const part of value.split(",")) metadata.add(key, Buffer.from(part.trim(), "base64"));
  }
  return metadata;
}
