import { connect, type Socket } from "node:net";
import { LatencySample } from "./latency.ts";

/** What is asked of an HTTP server. */
export interface HttpLoad {
  readonly port: number;
  readonly connections: number;
  /** The next request of a connection, with its header. A connection has one request under way at a time. */
  request(connection: number): Buffer;
  /** Gets the body of each answer, whose bytes are valid only during the call. */
  answered?(connection: number, body: Buffer): void;
}

/** What a load did in its time. */
export interface Outcome {
  /** Answers a second. */
  readonly rate: number;
  /** How long answers took, in milliseconds. */
  readonly latency: LatencySample;
}

const EMPTY = Buffer.alloc(0);
const HEADER_END = "\r\n\r\n";
/** How many bytes a socket reads at once, at the most. */
const READ_BYTES = 65_536;

/**
 * Sends requests over HTTP/1.1 connections that stay open, each as soon as its connection has the answer to the one before, for so
 * many seconds. Throws for an answer other than 200.
 *
 * It is on `node:net` because it shares a machine with what it measures: it knows the one kind of answer that it asks for, and
 * takes a fraction of what a general client takes.
 */
export async function driveHttp(load: HttpLoad, seconds: number): Promise<Outcome> {
  const latency = new LatencySample();
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, (_, index) => new Line(load, index, latency)),
  );
  const start = performance.now();
  const end = start + 1000 * seconds;
  await Promise.all(sockets.map((line) => line.run(end)));
  return { rate: latency.count / seconds, latency };
}

/** One connection. */
class Line {
  readonly #load: HttpLoad;
  readonly #index: number;
  readonly #latency: LatencySample;
  readonly #socket: Socket;
  readonly #done = Promise.withResolvers<void>();
  #rest: Buffer = EMPTY;
  #sentAt = 0;
  #end = 0;

  constructor(load: HttpLoad, index: number, latency: LatencySample) {
    this.#load = load;
    this.#index = index;
    this.#latency = latency;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const callback = (bytes: number) => this.#read(buffer.subarray(0, bytes));
    this.#socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
    this.#socket.on("error", this.#done.reject);
    this.#socket.on("close", () => this.#done.reject(new Error("The server closed a connection.")));
  }

  /** Sends requests until then; resolves once the last one is answered. */
  async run(end: number): Promise<void> {
    this.#end = end;
    this.#send();
    await this.#done.promise;
  }

  #send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#load.request(this.#index));
  }

  #read(chunk: Buffer): boolean {
    try {
      const bytes = this.#rest === EMPTY ? chunk : Buffer.concat([this.#rest, chunk]);
      const body = bodyOf(bytes);
      // The chunk's memory is that of the next one.
      if (body === undefined) this.#rest = Buffer.from(bytes);
      else this.#answer(body);
    } catch (error) {
      this.#done.reject(error);
    }
    return true;
  }

  #answer(body: Buffer): void {
    this.#rest = EMPTY;
    this.#load.answered?.(this.#index, body);
    const now = performance.now();
    if (now < this.#end) {
      this.#latency.add(now - this.#sentAt);
      this.#send();
    } else {
      this.#done.resolve();
      this.#socket.destroy();
    }
  }
}

/** The body of an answer, or undefined if its end is not there yet. */
function bodyOf(bytes: Buffer): Buffer | undefined {
  const headerEnd = bytes.indexOf(HEADER_END, 0, "latin1");
  if (headerEnd < 0) return undefined;
  const header = bytes.toString("latin1", 0, headerEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(header)?.[1];
  if (length === undefined) throw new Error(`An answer has no content-length: ${header}`);
  const start = headerEnd + HEADER_END.length;
  const end = start + Number(length);
  if (bytes.length < end) return undefined;
  const body = bytes.subarray(start, end);
  if (!header.startsWith("HTTP/1.1 200 ")) throw new Error(`${header}\n\n${body.toString()}`);
  return body;
}
