import type { EndedCall, EndedRequest, TraceContext, Watcher } from "../../src/telemetry/watcher.ts";

/** A watcher that keeps what it is told. */
export interface RecordingWatcher extends Watcher {
  readonly arrivals: TraceContext[];
  readonly requests: EndedRequest[];
  readonly calls: EndedCall[];
  /** How often the end was told. */
  ends: number;
  /** Forgets all of it. */
  clear(): void;
}

/** `trace`: what the operations of every request belong to; default: what the request says. */
export function recordingWatcher(trace?: TraceContext): RecordingWatcher {
  const arrivals: TraceContext[] = [];
  const requests: EndedRequest[] = [];
  const calls: EndedCall[] = [];
  const watcher: RecordingWatcher = {
    arrivals,
    requests,
    calls,
    ends: 0,
    clear() {
      for (const kept of [arrivals, requests, calls]) kept.length = 0;
      watcher.ends = 0;
    },
    arrived(received) {
      arrivals.push(received);
      return {
        trace: trace ?? received,
        request: (ended) => void requests.push(ended),
        call: (ended) => void calls.push(ended),
        end() {
          watcher.ends += 1;
        },
      };
    },
  };
  return watcher;
}
