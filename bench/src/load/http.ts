import { connect, type Socket } from "node:net";
import { LatencySample } from "./latency.ts";

/** What is asked of an HTTP server. */
export interface HttpLoad {
  readonly port: number;
  readonly connections: number;
  /** How many requests are sent a second, at even intervals; undefined for as many as are answered. */
  readonly rate?: number;
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
 * Sends requests over HTTP/1.1 connections that stay open, for so many seconds: each as soon as its connection has the answer
 * to the one before, or at the load's rate. Throws for an answer other than 200.
 *
 * It is on `node:net` because it shares a machine with what it measures: it knows the one kind of answer that it asks for,
 * and takes a fraction of what a general client takes.
 */
export async function driveHttp(load: HttpLoad, seconds: number): Promise<Outcome> {
  const latency = new LatencySample();
  const lines = Array.from({ length: load.connections }, (_, index) => new Line(load, index));
  await Promise.all(lines.map((line) => line.connected));
  const end = performance.now() + 1000 * seconds;
  const pace = load.rate === undefined ? atOnce(end) : evenly(load.rate, end);
  const record = (milliseconds: number) => {
    if (performance.now() < end) latency.add(milliseconds);
  };
  await Promise.all(lines.map((line) => line.run(pace, record)));
  return { rate: latency.count / seconds, latency };
}

/** Says when a line sends, or that it finishes. */
interface Pace {
  begin(line: Line): void;
  /** The line has the answer to its request. */
  idle(line: Line): void;
}

function atOnce(end: number): Pace {
  return {
    begin: (line) => line.send(),
    idle: (line) => (performance.now() < end ? line.send() : line.finish()),
  };
}

/** Every millisecond, sends what is due by then. */
function evenly(rate: number, end: number): Pace {
  const waiting: Line[] = [];
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (const due = ((now - start) * rate) / 1000; sent < due && waiting.length > 0; sent += 1) waiting.pop()?.send();
    if (now < end) return;
    clearInterval(timer);
    for (const line of waiting) line.finish();
  }, 1);
  return {
    begin: (line) => void waiting.push(line),
    idle: (line) => void (performance.now() < end ? waiting.push(line) : line.finish()),
  };
}

/** One connection. */
class Line {
  readonly connected: Promise<void>;
  readonly #load: HttpLoad;
  readonly #index: number;
  readonly #socket: Socket;
  readonly #opened = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  #pace: Pace | undefined;
  #record: ((milliseconds: number) => void) | undefined;
  #rest: Buffer = EMPTY;
  #sentAt = 0;

  constructor(load: HttpLoad, index: number) {
    this.#load = load;
    this.#index = index;
    this.connected = this.#opened.promise;
    // Nobody may wait for it yet.
    this.#finished.promise.catch(() => undefined);
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const callback = (bytes: number) => this.#read(buffer.subarray(0, bytes));
    this.#socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
    this.#socket.on("connect", this.#opened.resolve);
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("The server closed a connection.")));
  }

  /** Sends requests as the pace says; resolves once it finishes. */
  async run(pace: Pace, record: (milliseconds: number) => void): Promise<void> {
    this.#pace = pace;
    this.#record = record;
    pace.begin(this);
    await this.#finished.promise;
  }

  /** Sends the next request. */
  send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#load.request(this.#index));
  }

  /** Ends the connection. */
  finish(): void {
    this.#finished.resolve();
    this.#socket.destroy();
  }

  #read(chunk: Buffer): boolean {
    try {
      const bytes = this.#rest === EMPTY ? chunk : Buffer.concat([this.#rest, chunk]);
      const body = bodyOf(bytes);
      // The chunk's memory is that of the next one.
      this.#rest = body === undefined ? Buffer.from(bytes) : EMPTY;
      if (body !== undefined) this.#answer(body);
    } catch (error) {
      this.#fail(error);
    }
    return true;
  }

  #answer(body: Buffer): void {
    this.#record?.(performance.now() - this.#sentAt);
    this.#load.answered?.(this.#index, body);
    this.#pace?.idle(this);
  }

  #fail(error: unknown): void {
    this.#opened.reject(error);
    this.#finished.reject(error);
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
