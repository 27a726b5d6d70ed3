import { once } from "node:events";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from "@grpc/proto-loader";

const options = { keepCase: true, enums: String, defaults: true, oneofs: true } as const;

type Streaming = grpc.ClientReadableStream<Record<string, unknown>>;

/** A client of grpc-js for a service by its full name, of some definition. */
function clientOf(definition: PackageDefinition, name: string, address: string): grpc.Client {
  const Client = name
    .split(".")
    // biome-ignore lint/suspicious/noExplicitAny: what a stock client is given has no types
    .reduce<any>((scope, part) => scope[part], grpc.loadPackageDefinition(definition));
  return new Client(address, grpc.credentials.createInsecure());
}

function caller(client: grpc.Client) {
  return (method: string, request: object, authorization?: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const metadata = new grpc.Metadata();
      if (authorization !== undefined) metadata.set("authorization", authorization);
      const unary = client[method as keyof grpc.Client] as (...args: unknown[]) => unknown;
      unary.call(client, request, metadata, (error: grpc.ServiceError | null, response: Record<string, unknown>) =>
        error === null ? resolve(response) : reject(error),
      );
    });
}

/** The messages of a call, one after the other; rejects once it has ended otherwise than well. */
function reader(call: Streaming): () => Promise<Record<string, unknown>> {
  const messages = call[Symbol.asyncIterator]();
  return async () => (await messages.next()).value;
}

/** A client of `grpc.health.v1`, as a load balancer's, which knows the .proto alone. */
export function healthClient(address: string) {
  const definition = loadSync("grpc/health/v1/health.proto", { ...options, includeDirs: ["proto"] });
  const client = clientOf(definition, "grpc.health.v1.Health", address);
  return {
    call: caller(client),
    /** `next` resolves to the next status that it is told, and rejects once the call has ended. */
    watch(service: string) {
      const call = (client as grpc.Client & { Watch(request: object): Streaming }).Watch({ service });
      const next = reader(call);
      return { call, next: async () => (await next()).status };
    },
    close: () => client.close(),
  };
}

/**
 * A client that has no .proto file but that of reflection, as grpcurl. `version`: of that. It learns what is served, and
 * makes its stubs of what it is told.
 */
export function reflectingClient(address: string, version: "v1" | "v1alpha") {
  const definition = loadSync(`grpc/reflection/${version}/reflection.proto`, { ...options, includeDirs: ["proto"] });
  const client = clientOf(definition, `grpc.reflection.${version}.ServerReflection`, address);
  async function ask(question: object): Promise<Record<string, unknown>> {
    type Duplex = grpc.ClientDuplexStream<object, Record<string, unknown>>;
    const call = (client as grpc.Client & { ServerReflectionInfo(): Duplex }).ServerReflectionInfo();
    call.write(question);
    const [answer] = await once(call, "data");
    call.end();
    return answer;
  }
  return {
    /** The names of all services. */
    async list(): Promise<readonly string[]> {
      const answer = (await ask({ list_services: "" })) as { list_services_response: { service: { name: string }[] } };
      return answer.list_services_response.service.map(({ name }) => name);
    },
    /** What calls a service's methods by their names. */
    async use(service: string) {
      const answer = (await ask({ file_containing_symbol: service })) as {
        file_descriptor_response: { file_descriptor_proto: Buffer[] };
      };
      const set = new BinaryWriter();
      for (const file of answer.file_descriptor_response.file_descriptor_proto)
        set.tag(1, WireType.LengthDelimited).bytes(file);
      const learnt = loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), options);
      const stub = clientOf(learnt, service, address);
      return { call: caller(stub), close: () => stub.close() };
    },
    close: () => client.close(),
  };
}
