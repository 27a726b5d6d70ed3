import { context, propagation, trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";

/** An SDK of OpenTelemetry in this process, which keeps the spans that have ended. */
export interface RecordingSdk {
  spans(): readonly ReadableSpan[];
  /** Waits for a span of that name, as a server may notice the end of a request after its client. */
  ended(name: string): Promise<ReadableSpan>;
  clear(): void;
  /** Must be called: the SDK is everyone's in this process. */
  stop(): void;
}

/** Registers an SDK as docs/operations.md does. */
export function startSdk(): RecordingSdk {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  const spans = () => exporter.getFinishedSpans();
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
