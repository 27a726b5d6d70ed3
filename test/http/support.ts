import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import type { Engine, TenantEngine } from "../../src/engine/port.ts";
import type { ClientCredentials, MintRequest, TokenSet } from "../../src/engine/request.ts";
import { createGateway, type GatewayOptions } from "../../src/http/gateway.ts";
import type { JsonObject } from "../../src/token/json.ts";
import { recordingLogger } from "../support/logger.ts";
import { testTenant } from "../support/tenant.ts";

export const FORM = { "content-type": "application/x-www-form-urlencoded" };

export const TOKENS: TokenSet = { accessToken: "at", expiresIn: 29, scopes: [] };

/** Knows the tenants `default` and `acme`, and keeps what it was asked. */
export class FakeEngine implements Engine {
  readonly asked: { tenant: string; credentials: ClientCredentials; request: MintRequest }[] = [];
  answer: () => Promise<TokenSet> = async () => TOKENS;
  keys: readonly JsonObject[] = [{ kty: "OKP", kid: "k1" }];

  forTenant(id: string): TenantEngine | undefined {
    if (id !== "default" && id !== "acme") return undefined;
    const issuer = id === "default" ? "https://mint.example" : "https://mint.example/acme";
    return {
      tenant: testTenant({ id, issuer }),
      grantTypes: ["arbitrary_token", "arbitrary_identity"],
      jwks: () => ({ keys: this.keys }),
      mint: async (credentials, request) => {
        this.asked.push({ tenant: id, credentials, request });
        return this.answer();
      },
    };
  }

  /** The last request, without the members that are absent. */
  get request(): Record<string, unknown> {
    return present(this.asked.at(-1)?.request);
  }

  /** The last credentials, without those that are absent. */
  get credentials(): Record<string, unknown> {
    return present(this.asked.at(-1)?.credentials);
  }
}

function present(members: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members ?? {}).filter(([, value]) => value !== undefined));
}

/** A gateway over a fake engine, and the log of both. */
export function testGateway(options: Partial<GatewayOptions> = {}) {
  const engine = new FakeEngine();
  const logger = recordingLogger();
  const app = createGateway({ engine, logger, publicUrl: "https://mint.example", jwksMaxAge: 60, ...options });
  const post = (payload: string | Buffer, headers: Record<string, string> = {}, url = "/connect/token") =>
    app.inject({ method: "POST", url, headers: { ...FORM, ...headers }, payload });
  return { engine, logger, app, post };
}

/** The port of a gateway that listens on the loopback interface. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (typeof address !== "object" || address === null) throw new Error("the gateway has no port");
  return address.port;
}

/** Sends bytes as they are, and reads until the other side closes the connection. */
export async function sendRaw(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  // The other side may close before it has read all.
  socket.on("error", () => undefined);
  for (const part of parts) socket.write(part);
  return text(socket);
}
