import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, createServiceImplSpec, type HandlerContext, type ServiceImplSpec } from "@connectrpc/connect";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/** The payload of a response: some bytes, and what the server saw of the request. */
type Payload = { data?: Uint8Array<ArrayBuffer>; requestInfo?: ConformancePayload_RequestInfo };

/** ConformanceService as its .proto file describes it: every request says how it is to be answered. */
export const conformanceService: ServiceImplSpec = createServiceImplSpec<typeof ConformanceService>(
  ConformanceService,
  {
    async unary(request, context) {
      return { payload: await unary(request.responseDefinition, [pack(UnaryRequestSchema, request)], context) };
    },
    async idempotentUnary(request, context) {
      const packed = pack(IdempotentUnaryRequestSchema, request);
      return { payload: await unary(request.responseDefinition, [packed], context) };
    },
    async *serverStream(request, context) {
      const { responseDefinition: definition } = request;
      const info = infoOf([pack(ServerStreamRequestSchema, request)], context);
      setMetadata(definition, context);
      yield* allOf(definition, info);
    },
    async clientStream(requests, context) {
      const seen: Any[] = [];
      let definition: UnaryResponseDefinition | undefined;
      for await (const request of requests) {
        if (seen.length === 0) definition = request.responseDefinition;
        seen.push(pack(ClientStreamRequestSchema, request));
      }
      return { payload: await unary(definition, seen, context) };
    },
    bidiStream: bidi,
  },
);

async function unary(
  definition: UnaryResponseDefinition | undefined,
  requests: readonly Any[],
  context: HandlerContext,
): Promise<Payload> {
  const requestInfo = infoOf(requests, context);
  setMetadata(definition, context);
  await delay(definition?.responseDelayMs ?? 0);
  switch (definition?.response.case) {
    case "error":
      throw errorOf(definition.response.value, requestInfo);
    case "responseData":
      return { requestInfo, data: bytesOf(definition.response.value) };
    case undefined:
      return { requestInfo };
  }
}

/** All responses that are left, and the error after them. `info`: for the first of them, or the error if there is none. */
async function* allOf(
  definition: StreamResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo | undefined,
  answered = 0,
): AsyncGenerator<{ payload: Payload }> {
  let unsaid = info;
  for (const data of definition?.responseData.slice(answered) ?? []) {
    await delay(definition?.responseDelayMs ?? 0);
    yield { payload: { data: bytesOf(data), ...(unsaid && { requestInfo: unsaid }) } };
    unsaid = undefined;
  }
  if (definition?.error !== undefined) throw errorOf(definition.error, unsaid);
}

async function* bidi(requests: AsyncIterable<BidiStreamRequest>, context: HandlerContext) {
  const seen: Any[] = [];
  let first: BidiStreamRequest | undefined;
  let answered = 0;
  for await (const request of requests) {
    if (first === undefined) setMetadata(request.responseDefinition, context);
    first ??= request;
    seen.push(pack(BidiStreamRequestSchema, request));
    if (!first.fullDuplex) continue;
    const data = first.responseDefinition?.responseData[answered];
    if (data === undefined) break;
    await delay(first.responseDefinition?.responseDelayMs ?? 0);
    const requestInfo =
      answered === 0 ? infoOf(seen, context) : create(ConformancePayload_RequestInfoSchema, { requests: [...seen] });
    yield { payload: { data: bytesOf(data), requestInfo } };
    answered += 1;
    seen.length = 0;
  }
  yield* allOf(first?.responseDefinition, answered === 0 ? infoOf(seen, context) : undefined, answered);
}

function infoOf(requests: readonly Any[], context: HandlerContext): ConformancePayload_RequestInfo {
  const timeout = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requests: [...requests],
    requestHeaders: Array.from(context.requestHeader, ([name, value]) => ({ name, value: [value] })),
    ...(timeout !== undefined && { timeoutMs: BigInt(Math.max(0, Math.trunc(timeout))) }),
    ...(context.requestMethod === "GET" && { connectGetInfo: {} }),
  });
}

function setMetadata(
  definition: { readonly responseHeaders: Header[]; readonly responseTrailers: Header[] } | undefined,
  { responseHeader, responseTrailer }: HandlerContext,
): void {
  for (const [headers, list] of [
    [responseHeader, definition?.responseHeaders ?? []],
    [responseTrailer, definition?.responseTrailers ?? []],
  ] as const) {
    for (const { name, value } of list) for (const each of value) headers.append(name, each);
  }
}

/** The error that is asked for. `info` becomes a detail of it. */
function errorOf(
  { code, message, details }: ErrorDefinition,
  info: ConformancePayload_RequestInfo | undefined,
): ConnectError {
  const error = new ConnectError(message ?? "", code as number);
  const all = info === undefined ? details : [...details, anyPack(ConformancePayload_RequestInfoSchema, info)];
  error.details = all.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value: bytesOf(value),
  }));
  return error;
}

function pack<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Any {
  return anyPack(desc, message);
}

function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
