import { type Code, ConnectError } from "@connectrpc/connect";

/** What was read; undefined if the service refuses it with that code. Throws any other error. */
export async function unless<T>(code: Code, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (ConnectError.from(error).code === code) return undefined;
    throw error;
  }
}
