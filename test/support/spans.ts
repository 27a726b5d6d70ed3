import { context, propagation, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { searchLater } from "./leaks.ts";

/** An SDK of OpenTelemetry in this process, which keeps the spans that have ended. */
export interface RecordingSdk {
  spans(): readonly ReadableSpan[];
  /** Waits for a span of that name, as a server may notice the end of a request after its client. */
  ended(name: string): Promise<ReadableSpan>;
  clear(): void;
  /** Must be called: the SDK is everyone's in this process. */
  stop(): void;
}

/** All that a span says, but for its place in the trace. */
export function whatItSays({ name, attributes, events, links, status }: ReadableSpan): object {
  return { name, attributes, events, links, status };
}

/** Registers an SDK as docs/operations.md does. */
export function startSdk(): RecordingSdk {
  const exporter = new InMemorySpanExporter();
  // Keeps all spans, also after `clear`.
  const all = new InMemorySpanExporter();
  const spanProcessors = [exporter, all].map((each) => new SimpleSpanProcessor(each));
  new NodeTracerProvider({ spanProcessors }).register();
  const spans = () => exporter.getFinishedSpans();
  searchLater(() => JSON.stringify(all.getFinishedSpans().map(whatItSays)));
  return {
    spans,
    async ended(name) {
      for (;;) {
        const found = spans().find((span) => span.name === name);
        if (found !== undefined) return found;
        await new Promise(setImmediate);
      }
    },
    clear: () => exporter.reset(),
    stop() {
      for (const api of [trace, context, propagation]) api.disable();
    },
  };
}
