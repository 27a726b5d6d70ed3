import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createServiceImplSpec } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServerReflection as V1 } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as V1Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { TokenService } from "../../gen/mintmark/v1/token_service_pb.ts";
import { withStandardServices } from "../../src/rpc/services.ts";
import { startServers } from "./support.ts";

let servers: Awaited<ReturnType<typeof startServers>>;
beforeAll(async () => {
  const own = [createServiceImplSpec<typeof TokenService>(TokenService, {})];
  const readiness = { isReady: async () => true, onChange: () => () => undefined };
  servers = await startServers(withStandardServices(own, readiness));
});
afterAll(() => servers.close());

type Question = { readonly case: string; readonly value: unknown };

/** Asks both versions, which must say the same, and gives what one says. */
async function ask(question: Question | undefined) {
  const transport = createGrpcTransport({ baseUrl: `http://${servers.address}` });
  const request = { host: "here", ...(question && { messageRequest: question }) } as object;
  const answers = [];
  for (const service of [V1, V1Alpha] as const) {
    const client = createClient(service as typeof V1, transport);
    async function* one() {
      yield request;
    }
    for await (const { validHost, originalRequest, messageResponse } of client.serverReflectionInfo(one())) {
      expect([validHost, originalRequest?.host]).toEqual(["here", "here"]);
      answers.push(messageResponse);
    }
  }
  expect(answers).toHaveLength(2);
  const plain = (value: unknown) => JSON.stringify(value, (key, member) => (key === "$typeName" ? undefined : member));
  expect(plain(answers[1])).toBe(plain(answers[0]));
  return answers[0];
}

/** The files of an answer, linked with one another: nothing that they need is left out. */
async function filesOf(question: Question) {
  const answer = await ask(question);
  if (answer?.case !== "fileDescriptorResponse") throw new Error(`It answered ${answer?.case}.`);
  const file = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  return createFileRegistry(create(FileDescriptorSetSchema, { file: file.toReversed() }));
}

describe("reflection", () => {
  test("lists what is served", async () => {
    const answer = await ask({ case: "listServices", value: "" });
    expect(answer).toMatchObject({
      case: "listServicesResponse",
      value: {
        service: [
          "mintmark.v1.TokenService",
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
        ].map((name) => ({ name })),
      },
    });
  });

  test.each([
    "mintmark.v1.TokenService",
    "mintmark.v1.TokenService.Mint",
    "mintmark.v1.MintRequest",
    "mintmark.v1.MintRequest.subject",
    "mintmark.v1.AccessTokenType",
    "mintmark.v1.ACCESS_TOKEN_TYPE_JWT",
  ])("finds the file that has %s, with all that it needs", async (symbol) => {
    const files = await filesOf({ case: "fileContainingSymbol", value: symbol });
    expect(files.getService("mintmark.v1.TokenService")?.method.mint?.input.typeName).toBe("mintmark.v1.MintRequest");
    expect(files.getMessage("google.protobuf.Struct")).toBeDefined();
  });

  test.each([
    ["mintmark.v1.OAuthErrorDetail", "mintmark.v1.OAuthErrorDetail"],
    ["grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc.health.v1.HealthCheckResponse"],
    ["grpc.health.v1.HealthCheckResponse.SERVING", "grpc.health.v1.HealthCheckResponse"],
  ])("finds what else may be met: %s", async (symbol, message) => {
    expect((await filesOf({ case: "fileContainingSymbol", value: symbol })).getMessage(message)).toBeDefined();
  });

  test("finds a file by its name", async () => {
    const files = await filesOf({ case: "fileByFilename", value: "mintmark/v1/token_service.proto" });
    expect(files.getService("mintmark.v1.TokenService")).toBeDefined();
  });

  test.each([
    { case: "fileByFilename", value: "mintmark/v1/key_service.proto" },
    { case: "fileContainingSymbol", value: "mintmark.v1.KeyService" },
    { case: "fileContainingExtension", value: { containingType: "mintmark.v1.MintRequest", extensionNumber: 1 } },
    { case: "allExtensionNumbersOfType", value: "mintmark.v1.No" },
  ])("says so where there is nothing: $case", async (question) => {
    expect(await ask(question)).toMatchObject({ case: "errorResponse", value: { errorCode: Code.NotFound } });
  });

  test("knows that a message has no extensions", async () => {
    const answer = await ask({ case: "allExtensionNumbersOfType", value: "mintmark.v1.MintRequest" });
    expect(answer).toMatchObject({ case: "allExtensionNumbersResponse", value: { extensionNumber: [] } });
  });

  test("refuses a request that asks for nothing", async () => {
    expect(await ask(undefined)).toMatchObject({ case: "errorResponse", value: { errorCode: Code.InvalidArgument } });
  });
});
