import {
  create,
  type DescFile,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createServiceImplSpec, type ServiceImplSpec } from "@connectrpc/connect";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
  ServerReflection as V1,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflectionRequestSchema as AlphaRequestSchema,
  ServerReflectionResponseSchema as AlphaResponseSchema,
  ServerReflection as V1Alpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_mintmark_v1_error } from "../../gen/mintmark/v1/error_pb.ts";

type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response["messageResponse"]>;

/**
 * Describes what is served in both versions of `grpc.reflection`: `services`, reflection itself, and the messages in the
 * details of refusals.
 */
export function reflectionServices(services: readonly ServiceImplSpec[]): readonly ServiceImplSpec[] {
  const served = [...services.map(({ service }) => service), V1, V1Alpha];
  const files = withDependencies([...served.map(({ file }) => file), file_mintmark_v1_error]);
  const names = served.map(({ typeName }) => ({ name: typeName }));
  const byName = new Map(files.map((file) => [`${file.name}.proto`, file]));
  const bySymbol = new Map(files.flatMap((file) => symbolsIn(file).map((symbol) => [symbol, file])));
  const messages = new Set(files.flatMap((file) => messagesIn(file)).map(({ typeName }) => typeName));

  function answer({ messageRequest: asked }: ServerReflectionRequest): Answer {
    switch (asked.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: names } };
      case "fileByFilename":
        return fileResponse(byName.get(asked.value));
      case "fileContainingSymbol":
        return fileResponse(bySymbol.get(asked.value));
      case "allExtensionNumbersOfType":
        if (!messages.has(asked.value)) return NOT_FOUND;
        return { case: "allExtensionNumbersResponse", value: { baseTypeName: asked.value } };
      // No message here has an extension.
      case "fileContainingExtension":
        return NOT_FOUND;
      case undefined:
        return errorResponse(Code.InvalidArgument, "The request asks for nothing.");
    }
  }

  function respond(request: ServerReflectionRequest): Response {
    return { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
  }

  return [
    createServiceImplSpec<typeof V1>(V1, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) yield respond(request);
      },
    }),
    createServiceImplSpec<typeof V1Alpha>(V1Alpha, {
      async *serverReflectionInfo(requests) {
        // The two versions are the same on the wire.
        for await (const request of requests) {
          const response = respond(fromBinary(ServerReflectionRequestSchema, toBinary(AlphaRequestSchema, request)));
          const bytes = toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, response));
          yield fromBinary(AlphaResponseSchema, bytes);
        }
      },
    }),
  ];
}

function errorResponse(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

const NOT_FOUND = errorResponse(Code.NotFound, "Unknown file or symbol.");

/** A file and all files that it imports, so that no further request is needed. */
function fileResponse(file: DescFile | undefined): Answer {
  if (file === undefined) return NOT_FOUND;
  const fileDescriptorProto = withDependencies([file]).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function withDependencies(files: readonly DescFile[]): readonly DescFile[] {
  const all = new Set<DescFile>();
  const add = (file: DescFile) => {
    if (all.has(file)) return;
    all.add(file);
    file.dependencies.forEach(add);
  };
  files.forEach(add);
  return [...all];
}

/** The full name of everything in a file that has one. */
function symbolsIn(file: DescFile): readonly string[] {
  const all = messagesIn(file);
  const enums = [...file.enums, ...all.flatMap(({ nestedEnums }) => nestedEnums)];
  return [
    ...file.services.flatMap(({ typeName, methods }) => [
      typeName,
      ...methods.map(({ name }) => `${typeName}.${name}`),
    ]),
    ...all.flatMap(({ typeName, fields, oneofs }) => [
      typeName,
      ...[...fields, ...oneofs].map(({ name }) => `${typeName}.${name}`),
    ]),
    // In protobuf, the values of an enum are siblings of the enum, not its members.
    ...enums.flatMap(({ typeName, values }) => [
      typeName,
      ...values.map(({ name }) => typeName.replace(/[^.]+$/, name)),
    ]),
  ];
}

function messagesIn(file: DescFile): readonly DescMessage[] {
  const nested = (message: DescMessage): readonly DescMessage[] => [message, ...message.nestedMessages.flatMap(nested)];
  return file.messages.flatMap(nested);
}
