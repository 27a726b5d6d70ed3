import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Registry } from "./service.ts";
import { untilAnswered, wireOptions } from "./write.ts";

/** Asks for another secret. */
interface SecretRequest {
  readonly tenant: string;
  readonly client: string;
  readonly notBefore?: Timestamp;
  readonly expireTime?: Timestamp;
  readonly options: ReturnType<typeof wireOptions>;
}

/**
 * Makes another secret for a client. If the answer that told it was lost, that secret is removed, and another one made:
 * nobody knows it.
 */
export async function addSecret(registry: Registry, request: SecretRequest) {
  const { changedFromWire } = await import("./wire.ts");
  let answer = await untilAnswered(() => registry.addClientSecret(request));
  const { tenant, client, options } = request;
  if (answer.secret === "" && !options.validateOnly) {
    const removal = { tenant, client, secretId: answer.secretId, options: wireOptions() };
    await untilAnswered(() => registry.removeClientSecret(removal));
    answer = await untilAnswered(() => registry.addClientSecret({ ...request, options: wireOptions() }));
  }
  const { secretId, secret } = answer;
  return { secretId, secret, ...changedFromWire(answer) };
}
