import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  diag,
  isSpanContextValid,
  ProxyTracerProvider,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { callAttributes, requestAttributes } from "./conventions.ts";
import { type TraceContext, unwatched, type Watch, type Watcher } from "./watcher.ts";

/** How something failed. Its message is not told, as it may quote what a caller sent. */
export interface Failure {
  /** `error.type`: a code or the name of a class. */
  readonly type: string;
  /** Whether this program failed, rather than whoever called it. */
  readonly isFault: boolean;
}

/** What a span says. */
interface SpanOptions {
  readonly attributes?: Attributes;
  /** Whether it is a call of another system. */
  readonly isRemote?: boolean;
  failureOf(error: unknown): Failure;
}

const TRACER = "mintmark";

/** `traceparent` (W3C Trace Context section 3.2), in the only version that there is. */
const TRACE_PARENT = /^00-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

/**
 * Makes a span of every request, within the trace that its header names. Makes none, at no cost, unless the process has
 * registered an SDK of OpenTelemetry.
 */
export const spansOfRequests: Watcher = {
  arrived(received) {
    if (!isTraced()) return unwatched.arrived(received);
    const span = attempt(() => begin(received));
    if (span === undefined || !isSpanContextValid(span.spanContext())) return unwatched.arrived(received);
    return watchWith(span);
  },
};

/** Runs what is a part of a trace. */
export function inTrace<T>(of: TraceContext, run: () => T): T {
  if (!isTraced()) return run();
  const parent = spanContextOf(of);
  return parent === undefined ? run() : context.with(trace.setSpanContext(context.active(), parent), run);
}

/** Runs a part of a request in a span of its own. Outside of any trace, it only runs it. */
export function inSpan<T>(name: string, options: SpanOptions, run: () => Promise<T>): Promise<T> {
  if (!isTraced() || trace.getActiveSpan() === undefined) return run();
  const { attributes = {}, isRemote = false, failureOf } = options;
  const kind = isRemote ? SpanKind.CLIENT : SpanKind.INTERNAL;
  const span = attempt(() => trace.getTracer(TRACER).startSpan(name, { kind, attributes }));
  return span === undefined ? run() : runIn(span, run, failureOf);
}

/** Whether there is an SDK. Finding that out is all that a process without one does for spans. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  // That of the API itself passes on to an SDK's, if there is one.
  return !(provider instanceof ProxyTracerProvider) || attempt(() => provider.getDelegateTracer(TRACER)) !== undefined;
}

async function runIn<T>(span: Span, run: () => Promise<T>, failureOf: SpanOptions["failureOf"]): Promise<T> {
  try {
    return await context.with(trace.setSpan(context.active(), span), run);
  } catch (error) {
    attempt(() => fail(span, failureOf(error)));
    throw error;
  } finally {
    attempt(() => span.end());
  }
}

function begin({ traceParent, traceState }: TraceContext): Span {
  const carrier = { ...(traceParent && { traceparent: traceParent }), ...(traceState && { tracestate: traceState }) };
  return trace.getTracer(TRACER).startSpan("request", { kind: SpanKind.SERVER }, parentOf(carrier));
}

/** What is active already, such as a span of an instrumentation of Node's, comes before what the header says. */
function parentOf(carrier: Readonly<Record<string, string>>): Context {
  const active = context.active();
  return trace.getSpan(active) === undefined ? propagation.extract(active, carrier) : active;
}

function watchWith(span: Span): Watch {
  /** An RPC is what its request is about, so it names the span. */
  let isCall = false;
  return {
    trace: traceContextOf(span.spanContext()),
    request(ended) {
      attempt(() => {
        const attributes = requestAttributes(ended);
        const { "http.request.method": method, "http.route": route } = attributes;
        if (isCall) span.setAttributes({ ...attributes, "error.type": undefined });
        else describe(span, route === undefined ? `${method}` : `${method} ${route}`, attributes);
      });
    },
    call(ended) {
      isCall = true;
      attempt(() => describe(span, ended.method ?? "RPC", callAttributes(ended)));
    },
    end: () => void attempt(() => span.end()),
  };
}

function describe(span: Span, name: string, attributes: Attributes): void {
  span.updateName(name).setAttributes(attributes);
  const { "error.type": failure } = attributes;
  if (failure !== undefined && failure !== "cut_off") span.setStatus({ code: SpanStatusCode.ERROR });
}

function fail(span: Span, { type, isFault }: Failure): void {
  span.setAttribute("error.type", type);
  if (isFault) span.setStatus({ code: SpanStatusCode.ERROR });
}

function traceContextOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const flags = traceFlags.toString(16).padStart(2, "0");
  return { traceParent: `00-${traceId}-${spanId}-${flags}`, traceState: traceState?.serialize() };
}

function spanContextOf({ traceParent = "", traceState }: TraceContext): SpanContext | undefined {
  const { traceId, spanId, flags } = TRACE_PARENT.exec(traceParent)?.groups ?? {};
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const state = traceState === undefined ? {} : { traceState: createTraceState(traceState) };
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), ...state };
}

/** Nothing fails because it cannot be traced. OpenTelemetry's own log, if there is one, is told why. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    diag.error("mintmark could not make a span", error);
    return undefined;
  }
}
