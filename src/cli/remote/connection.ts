import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { type Command, InvalidArgumentError } from "commander";
import { isLoopback } from "../../base/address.ts";
import { parseDuration } from "../../base/duration.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";
import { type CredentialOptions, type Role, readCredentials, withCredentials } from "./credentials.ts";

const DEFAULT_ADDRESS = "http://127.0.0.1:7001";

const DEFAULT_TIMEOUT = 10;

/** How a running service is reached. */
export interface AddressOptions {
  readonly address?: string;
  readonly ca?: string;
  readonly timeout?: number;
}

/** How a running service is reached, and who calls. */
export interface ConnectionOptions extends AddressOptions, CredentialOptions {}

/** Adds the options of a command that calls a running service as a client, or as an operator. */
export function withConnection(command: Command, role: Role): Command {
  const at = role === "operator" ? "the gateway or the operator address" : "the gateway";
  return withCredentials(withAddress(command, at), role);
}

/** Adds the options that say where a running service is. `at`: what answers there. */
export function withAddress(command: Command, at: string): Command {
  return command
    .option("--address <url>", `URL of ${at} (default: MINTMARK_ADDRESS, or ${DEFAULT_ADDRESS})`)
    .option("--ca <path>", "PEM file with the CA certificates to trust (default: MINTMARK_CA, or the system's)")
    .option("--timeout <duration>", `Time to wait for a response, such as 30s (default: ${DEFAULT_TIMEOUT}s)`, seconds);
}

/** Makes calls to a running service, and explains why one of them failed. */
type Calls<S extends DescService, T> = (client: Client<S>, explain: (error: unknown) => Error) => Promise<T>;

/**
 * Calls a running service: over Connect on its HTTP port, by HTTP/1.1. The gateway and the operators' own address both
 * answer that, with TLS and without, and so does every proxy in front of them; the RPC port speaks gRPC alone, and without
 * TLS the gateway no HTTP/2. Throws what `serviceError` makes of a failure, and {@link UsageError}.
 */
export async function callService<S extends DescService, T>(
  io: Io,
  options: ConnectionOptions,
  role: Role,
  service: S,
  call: Calls<S, T>,
): Promise<T> {
  const address = addressOf(io, options);
  if (address.protocol === "http:" && !isLoopback(address.hostname)) {
    io.stderr.write(`mintmark: ${address.origin} is plain HTTP: secrets and tokens are sent in the clear.\n`);
  }
  const tls = { ca: readAuthorities(io, options) };
  const authorization = await readCredentials(io, options, role);
  return callAt({ address, tls, timeout: options.timeout, authorization }, service, call);
}

/**
 * The same without credentials, for what everybody may ask. Nothing secret is sent, so the certificate of this machine
 * may be for any name.
 */
export async function askService<S extends DescService, T>(
  io: Io,
  options: AddressOptions,
  service: S,
  call: Calls<S, T>,
): Promise<T> {
  const address = addressOf(io, options);
  const tls = isLoopback(address.hostname) ? { rejectUnauthorized: false } : { ca: readAuthorities(io, options) };
  return callAt({ address, tls, timeout: options.timeout }, service, call);
}

/** Where a call goes, and what goes with it. */
interface Target {
  readonly address: URL;
  readonly tls: { readonly ca?: string | undefined; readonly rejectUnauthorized?: boolean };
  /** In seconds. */
  readonly timeout: number | undefined;
  readonly authorization?: string;
}

async function callAt<S extends DescService, T>(
  { address, tls, timeout = DEFAULT_TIMEOUT, authorization }: Target,
  service: S,
  call: Calls<S, T>,
): Promise<T> {
  // With this at the top, and the cryptography of `audit hash`, help would take 1.8 times as long (from source).
  const [{ createClient }, { createConnectTransport }, { serviceError }, http, https] = await Promise.all([
    import("@connectrpc/connect"),
    import("@connectrpc/connect-node"),
    import("./errors.ts"),
    import("node:http"),
    import("node:https"),
  ]);
  const agent =
    address.protocol === "https:" ? new https.Agent({ ...tls, keepAlive: true }) : new http.Agent({ keepAlive: true });
  const explain = (error: unknown) => serviceError(error, address.origin);
  const transport = createConnectTransport({
    httpVersion: "1.1",
    baseUrl: address.href.replace(/\/$/, ""),
    nodeOptions: { agent },
    defaultTimeoutMs: timeout * 1000,
    interceptors: [
      (next) => (request) => {
        if (authorization !== undefined) request.header.set("authorization", authorization);
        return next(request);
      },
    ],
  });
  try {
    return await call(createClient(service, transport), explain);
  } catch (error) {
    throw explain(error);
  } finally {
    agent.destroy();
  }
}

/** The URL of the service. */
function addressOf({ env }: Io, { address }: AddressOptions): URL {
  const given = address ?? (env.MINTMARK_ADDRESS || DEFAULT_ADDRESS);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new UsageError(
      `${address === undefined ? "MINTMARK_ADDRESS" : "--address"} must be an http or https URL without user and query, such as ${DEFAULT_ADDRESS}.`,
    );
  }
  return url;
}

/** The certificates that are trusted; undefined: the system's. */
function readAuthorities({ env, cwd }: Io, { ca = env.MINTMARK_CA || undefined }: AddressOptions): string | undefined {
  if (ca === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(resolve(cwd, ca), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new UsageError(`--ca: cannot read ${ca} (${code}).`);
  }
  // TLS would skip what it cannot read, and then trust nobody.
  if (!/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(text)) {
    throw new UsageError(`--ca: ${ca} contains no certificate. Expected a PEM file with CA certificates.`);
  }
  return text;
}

/** A duration of a second or more, in seconds. Throws InvalidArgumentError for any other text. */
export function seconds(given: string): number {
  const parsed = parseDuration(/^\d+$/.test(given) ? Number(given) : given);
  if (parsed === undefined || parsed === 0) {
    throw new InvalidArgumentError("Expected whole seconds or a duration such as 90s, 15m or 1h.");
  }
  return parsed;
}
