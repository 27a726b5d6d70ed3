import { create, toBinary, toJson } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MintRequestSchema } from "../gen/mintmark/v1/token_service_pb.ts";
import { isJsonObject, type JsonObject, parseExactJson } from "../src/base/json.ts";
import { leftHalfHash } from "../src/keyring/algorithms.ts";
import { oddForm, oddMessage, unicode } from "./support/arbitraries.ts";
import { basic, type Door, gatewayDoor, rpcDoor } from "./support/doors.ts";
import { canonical, type Granted, granted } from "./support/granted.ts";
import { type OidcService, startOidcService } from "./support/oidc-service.ts";
import { CLIENT_ID, SECRET } from "./support/tenant.ts";

let service: OidcService;
let gateway: Door;
let rpc: ReturnType<typeof rpcDoor>;
let bytesClient: grpc.Client;
let idToken: string;
let keys: ReturnType<typeof createLocalJWKSet>;

beforeAll(async () => {
  service = await startOidcService();
  gateway = gatewayDoor(service.publicUrl);
  rpc = rpcDoor(service.rpcPort);
  bytesClient = new grpc.Client(`127.0.0.1:${service.rpcPort}`, grpc.credentials.createInsecure());
  idToken = await service.idToken();
  const jwks = await fetch(`${service.publicUrl}/.well-known/openid-configuration/jwks`);
  keys = createLocalJWKSet((await jwks.json()) as JSONWebKeySet);
});
afterAll(async () => {
  rpc.close();
  bytesClient.close();
  await service.close();
});

describe("whatever is asked for, the mint answers or refuses", () => {
  const FORM = "application/x-www-form-urlencoded";
  const RPC = "/mintmark.v1.TokenService/Mint";
  const AUTHORIZATION = basic(CLIENT_ID, SECRET);
  const bytes = fc.uint8Array({ maxLength: 300 });

  it("forms with odd values", async () => {
    await always(
      fc.asyncProperty(oddForm, (form) => postForm(`${new URLSearchParams(form)}`)),
      150,
    );
  });

  it("forms that are bytes, or damaged", async () => {
    const whole = new TextEncoder().encode(
      'grant_type=arbitrary_no_subject&scope=a+b&arbitrary_claims={"a":["b",1,true],"%F0%9F%90%A2":"\\u00e9"}',
    );
    await always(fc.asyncProperty(fc.oneof(bytes, damaged(fc.constant(whole))), postForm), 75);
  });

  it("headers and tenants of any kind", async () => {
    const printable = fc.string({ unit: "grapheme-ascii", maxLength: 80 });
    const authorization = fc.oneof(
      printable,
      unicode(40).map((text) => `Basic ${Buffer.from(text).toString("base64")}`),
    );
    const segment = fc.oneof(unicode(70).map(encodeURIComponent), printable.map(encodeURIComponent));
    const property = fc.asyncProperty(authorization, segment, printable, async (credentials, tenant, type) => {
      const path = `/${tenant}/connect/token`;
      await post(path, "grant_type=x", { authorization: credentials, "content-type": FORM });
      await post(RPC, "{}", { authorization: credentials, "content-type": "application/json" });
      await post(RPC, "{}", { "content-type": type });
      await callGrpc(new Uint8Array(), credentials.trim());
    });
    await always(property, 40);
  });

  it("RPC messages with odd fields, whole or damaged", async () => {
    const message = oddMessage.map((init) => toBinary(MintRequestSchema, create(MintRequestSchema, init)));
    const property = fc.asyncProperty(fc.oneof(message, damaged(message), bytes), async (sent) => {
      await callGrpc(sent, AUTHORIZATION);
      await post(RPC, sent, { authorization: AUTHORIZATION, "content-type": "application/proto" });
    });
    await always(property, 120);
  });

  it("RPC messages in JSON, whole or damaged", async () => {
    const message = fc.oneof(
      oddMessage.map(jsonOf).filter((json) => json !== undefined),
      fc.json(),
    );
    const sent = message.map((json) => new TextEncoder().encode(json));
    const property = fc.asyncProperty(fc.oneof(sent, damaged(sent)), async (body) => {
      await post(RPC, body, { authorization: AUTHORIZATION, "content-type": "application/json" });
    });
    await always(property, 75);
  });

  it("gRPC-Web frames of any kind", async () => {
    const frame = fc.tuple(fc.constantFrom(0, 1, 2, 0x80, 0xff), bytes, fc.integer({ min: -2, max: 2 }));
    const framed = frame.map(([flags, message, wrong]) => {
      const head = Buffer.alloc(5);
      head.writeUInt8(flags, 0);
      head.writeUInt32BE(Math.max(0, message.length + wrong), 1);
      return new Uint8Array(Buffer.concat([head, message]));
    });
    const property = fc.asyncProperty(fc.oneof(framed, bytes), async (body) => {
      const headers = { authorization: AUTHORIZATION, "content-type": "application/grpc-web+proto" };
      const answer = await post(RPC, body, headers);
      const [, status] = /grpc-status:\s*(\d+)/.exec(answer.text) ?? [];
      // gRPC itself wants INTERNAL for a compressed frame if no compression is named, UNIMPLEMENTED for several frames.
      if (/names%20no%20compression|exactly%20one%20message/.test(answer.text)) return;
      expectGrpcCode(Number(status ?? answer.headers.get("grpc-status")));
    });
    await always(property, 40);
  });

  async function postForm(body: string | Uint8Array): Promise<void> {
    const { status, text } = await post("/connect/token", body, { "content-type": FORM });
    const answer = JSON.parse(text);
    if (status === 200) expect(answer.access_token).toEqual(expect.any(String));
    else {
      expect(answer.error).toMatch(/^(?:invalid_(?:request|client|grant|scope|target)|unsupported_grant_type)$/);
      // RFC 6749 section 5.2.
      expect(answer.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    }
  }

  async function post(path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>>) {
    const copied = typeof body === "string" ? body : Uint8Array.from(body);
    const response = await fetch(service.publicUrl + path, { method: "POST", body: copied, headers });
    const text = await response.text();
    expect(response.status, text).toBeLessThan(500);
    return { status: response.status, headers: response.headers, text };
  }

  async function callGrpc(message: Uint8Array, authorization: string): Promise<void> {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", authorization);
    const code = await new Promise<number>((resolve) => {
      const asIs = (given: Buffer) => given;
      bytesClient.makeUnaryRequest(RPC, asIs, asIs, Buffer.from(message), metadata, (error) =>
        resolve(error?.code ?? grpc.status.OK),
      );
    });
    expectGrpcCode(code);
  }
});

describe("whatever is minted verifies, and says what was asked for and what the mint adds", () => {
  it.each(Object.entries(granted))("%s, through both doors", async (_, requests) => {
    const property = fc.asyncProperty(requests, async (request) => {
      for (const door of [gateway, rpc]) await expectGranted(door, request);
    });
    await always(property, 30);
  });

  async function expectGranted(door: Door, { form, accessToken, idToken: identity }: Granted): Promise<void> {
    const answer = await door.mint({ ...form, ...(form.authority && { id_token: idToken }) });
    expect(answer.error).toBeUndefined();
    const { jti = "", ...said } = await verified(answer.accessToken);
    const circumstances = { issuer: service.publicUrl, now: Number(said.nbf) };
    expect(Math.abs(circumstances.now - Date.now() / 1000)).toBeLessThan(60);
    expect(canonical(said)).toBe(canonical(accessToken(circumstances)));
    expect(String(jti).includes(".")).toBe(answer.refreshToken !== undefined);

    expect(answer.idToken === undefined).toBe(identity === undefined);
    if (identity === undefined) return;
    const { at_hash, ...told } = await verified(answer.idToken);
    expect(canonical(told)).toBe(canonical(identity(circumstances)));
    expect(at_hash).toBe(leftHalfHash("RS256", answer.accessToken ?? ""));
  }

  async function verified(jwt: string | undefined): Promise<JsonObject> {
    const { payload, protectedHeader } = await compactVerify(jwt ?? "", keys);
    expect(protectedHeader.typ).toBe("JWT");
    const claims = parseExactJson(new TextDecoder().decode(payload));
    return isJsonObject(claims) ? claims : {};
  }
});

/** Checks a property so often, and that nothing went wrong inside. Prints the seed if it does not hold. */
async function always<T>(property: fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  await fc.assert(property, { numRuns });
  expect(service.logger.lines.filter(({ level }) => level === "error")).toEqual([]);
}

/** Bytes of which some are cut out, and others put in their place. */
function damaged(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(whole, fc.nat(), fc.nat(4), fc.uint8Array({ maxLength: 4 })).map(([text, where, cut, put]) => {
    const at = where % (text.length + 1);
    return Uint8Array.from([...text.subarray(0, at), ...put, ...text.subarray(at + cut)]);
  });
}

/** A message in JSON; undefined if JSON has none for it, as for a duration out of range. */
function jsonOf(init: Parameters<typeof create<typeof MintRequestSchema>>[1]): string | undefined {
  try {
    return JSON.stringify(toJson(MintRequestSchema, create(MintRequestSchema, init)));
  } catch {
    return undefined;
  }
}

/** Neither the server's fault nor a state that an input alone can bring about. */
function expectGrpcCode(code: number): void {
  const { OK, INVALID_ARGUMENT, UNAUTHENTICATED, NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED } = grpc.status;
  expect([OK, INVALID_ARGUMENT, UNAUTHENTICATED, NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED]).toContain(code);
}
