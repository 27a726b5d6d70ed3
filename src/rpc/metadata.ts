import { Metadata } from "@grpc/grpc-js";

/** The metadata of a gRPC call as header fields; the values of `-bin` keys in base64, as they travel. */
export function toHeaders(metadata: Metadata): [string, string][] {
  return Object.entries(metadata.toJSON()).flatMap(([key, values]) =>
    values.map((value): [string, string] => [key, typeof value === "string" ? value : value.toString("base64")]),
  );
}

/**
 * Header fields as metadata of a gRPC call; the values of `-bin` keys come in base64, separated by commas. Throws
 * where a value of any other key is not printable ASCII, which gRPC cannot carry.
 */
export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of headers) {
    if (!key.endsWith("-bin")) metadata.add(key, value);
    else for (const part of value.split(",")) metadata.add(key, Buffer.from(part.trim(), "base64"));
  }
  return metadata;
}
