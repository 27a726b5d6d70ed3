import { connect, type Socket } from "node:net";
import type { Outcome } from "./http.ts";
import { LatencySample } from "./latency.ts";

/** What is asked of a gRPC server. */
export interface GrpcLoad {
  readonly port: number;
  readonly connections: number;
  /** How many calls a connection has under way at once. */
  readonly streams: number;
  /** The path of the RPC. */
  readonly path: string;
  /** The metadata of each call. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The next message. */
  message(): Uint8Array;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER_BYTES = 9;
const READ_BYTES = 262_144;
const WINDOW = 0x7fff_ffff;
const DEFAULT_WINDOW = 65_535;

/** Types of frames, their flags, and identifiers of settings (RFC 9113 sections 6 and 6.5.2). */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;

/**
 * Makes unary gRPC calls, as many at once as the load says, for so many seconds. Throws if a call gives no message.
 *
 * It writes the frames itself, for a general client takes more time than the server that is measured: the header of all
 * calls is the same block, and of an answer only its frames are read.
 */
export async function driveGrpc(load: GrpcLoad, seconds: number): Promise<Outcome> {
  const latency = new LatencySample();
  const lines = Array.from({ length: load.connections }, () => new Line(load, latency));
  await Promise.all(lines.map((line) => line.ready));
  const end = performance.now() + 1000 * seconds;
  await Promise.all(lines.map((line) => line.run(end)));
  return { rate: latency.count / seconds, latency };
}

/** One connection. */
class Line {
  readonly ready: Promise<void>;
  readonly #load: GrpcLoad;
  readonly #header: Buffer;
  readonly #latency: LatencySample;
  readonly #socket: Socket;
  readonly #connected = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  /** The calls under way, by their streams: when each was sent, and whether its message is there. */
  readonly #calls = new Map<number, { readonly sentAt: number; answered: boolean }>();
  #rest: Buffer = Buffer.alloc(0);
  #nextStream = 1;
  #received = 0;
  #end = 0;
  #out: Buffer[] = [];

  constructor(load: GrpcLoad, latency: LatencySample) {
    this.#load = load;
    this.#latency = latency;
    this.#header = headerBlock(load);
    this.ready = this.#connected.promise;
    // Nobody may wait for it yet.
    this.#done.promise.catch(() => undefined);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const callback = (bytes: number) => this.#read(buffer.subarray(0, bytes));
    this.#socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
    for (const event of ["error", "close"]) {
      this.#socket.on(event, (error) =>
        this.#fail(error instanceof Error ? error : new Error("A connection was closed.")),
      );
    }
    // No dynamic table: so that every answer's header can be passed over.
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(HEADER_TABLE_SIZE, 0);
    settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 6);
    settings.writeUInt32BE(WINDOW, 8);
    const window = windowUpdate(WINDOW - DEFAULT_WINDOW);
    this.#socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0, settings), window]));
  }

  /** Makes calls until then; resolves once the last one is answered. */
  async run(end: number): Promise<void> {
    this.#end = end;
    for (let calls = 0; calls < this.#load.streams; calls += 1) this.#call();
    this.#flush();
    await this.#done.promise;
  }

  #fail(error: Error): void {
    this.#connected.reject(error);
    this.#done.reject(error);
  }

  #call(): void {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#calls.set(stream, { sentAt: performance.now(), answered: false });
    const message = this.#load.message();
    const data = Buffer.allocUnsafe(5 + message.length);
    data[0] = 0;
    data.writeUInt32BE(message.length, 1);
    data.set(message, 5);
    this.#out.push(frame(HEADERS, END_HEADERS, stream, this.#header), frame(DATA, END_STREAM, stream, data));
  }

  #flush(): void {
    if (this.#out.length > 0) this.#socket.write(Buffer.concat(this.#out));
    this.#out = [];
  }

  #read(chunk: Buffer): boolean {
    try {
      const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      let at = 0;
      for (let length = frameLength(bytes, at); length !== undefined; length = frameLength(bytes, at)) {
        this.#take(bytes.subarray(at, at + length));
        at += length;
      }
      // The chunk's memory is that of the next one.
      this.#rest = Buffer.from(bytes.subarray(at));
      this.#widenWindow(chunk.length);
      this.#flush();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  #take(bytes: Buffer): void {
    const [type, flags, stream] = [bytes[3], bytes[4] ?? 0, bytes.readUInt32BE(5)];
    if (type === DATA) {
      const call = this.#calls.get(stream);
      if (call !== undefined) call.answered = true;
    }
    if ((type === DATA || type === HEADERS) && flags & END_STREAM) this.#ended(stream);
    if (type === SETTINGS && !(flags & ACK)) {
      this.#out.push(frame(SETTINGS, ACK, 0));
      this.#connected.resolve();
    }
    if (type === PING && !(flags & ACK)) this.#out.push(frame(PING, ACK, 0, bytes.subarray(HEADER_BYTES)));
    if (type === RST_STREAM || type === GOAWAY) throw new Error(`The server sent a frame of type ${type}.`);
  }

  #ended(stream: number): void {
    const call = this.#calls.get(stream);
    if (call?.answered !== true) throw new Error("A call failed.");
    this.#calls.delete(stream);
    const now = performance.now();
    if (now < this.#end) {
      this.#latency.add(now - call.sentAt);
      this.#call();
    } else if (this.#calls.size === 0) {
      this.#done.resolve();
      this.#socket.destroy();
    }
  }

  /** Lets the server send on, long before the window of the connection is used up. */
  #widenWindow(bytes: number): void {
    this.#received += bytes;
    if (this.#received < WINDOW / 4) return;
    this.#out.push(windowUpdate(this.#received));
    this.#received = 0;
  }
}

/** The length of the frame that begins there, or undefined if its end is not there yet. */
function frameLength(bytes: Buffer, at: number): number | undefined {
  if (bytes.length < at + HEADER_BYTES) return undefined;
  const length = HEADER_BYTES + bytes.readUIntBE(at, 3);
  return bytes.length < at + length ? undefined : length;
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function windowUpdate(bytes: number): Buffer {
  const increment = Buffer.alloc(4);
  increment.writeUInt32BE(bytes);
  return frame(WINDOW_UPDATE, 0, 0, increment);
}

/** A call's header, each field as a literal that no table keeps (RFC 7541 section 6.2.2). */
function headerBlock({ path, metadata }: GrpcLoad): Buffer {
  const fields = {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "127.0.0.1",
    te: "trailers",
    "content-type": "application/grpc+proto",
    ...metadata,
  };
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** A text, not Huffman-coded (RFC 7541 section 5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** An integer with a prefix of 7 bits (RFC 7541 section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let left = value - 127;
  for (; left >= 128; left >>= 7) bytes.push(128 + (left % 128));
  return Buffer.of(...bytes, left);
}
