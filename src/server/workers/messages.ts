import type { CommonTime, Curve, SetBack } from "../../base/shared-clock.ts";
import type { ReloadScope } from "../../telemetry/events.ts";
import type { Snapshot } from "../../telemetry/metrics/workers.ts";
import type { Files } from "../file-watch.ts";
import type { CheckResult } from "../health.ts";
import type { Trigger } from "../reloader.ts";

/** Where a worker serves. All workers have the same ports. */
export interface Ports {
  readonly httpPort: number;
  readonly rpcPort: number;
  readonly operatorPort: number | undefined;
}

/** A reload that a worker does with these files, whatever has become of them since. */
export interface ReloadRequest {
  readonly trigger: Trigger;
  readonly scope: ReloadScope;
  readonly files: Files;
}

/** What the primary asks of a worker, and what it is answered. */
export interface Questions {
  readonly health: { readonly request: undefined; readonly answer: readonly CheckResult[] };
  readonly metrics: { readonly request: undefined; readonly answer: Snapshot };
  /** The answer: what prevents it, one line each. */
  readonly reload: { readonly request: ReloadRequest; readonly answer: readonly string[] };
  readonly reopenAudit: { readonly request: undefined; readonly answer: undefined };
}

/** What a worker needs to know before it starts. */
export interface Introduction {
  /** The worker's number, from 1. */
  readonly number: number;
  /** What it reads its configuration from: the files as they were when the service started. */
  readonly files: Files;
  /** What it reads it from at once again: the files that the service runs with now; undefined: the same. */
  readonly reloaded: Files | undefined;
  /** What time it is to all workers; undefined: each has a clock of its own. */
  readonly time: CommonTime | undefined;
}

/** Why a worker could not start, as an error that crosses processes. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What the primary tells a worker. */
export type ToWorker =
  | { readonly kind: "introduction"; readonly introduction: Introduction }
  | { readonly kind: "question"; readonly id: number; readonly about: keyof Questions; readonly request: unknown }
  /** From now on, this worker does what only one of them does. */
  | { readonly kind: "keep" }
  | { readonly kind: "curve"; readonly curve: Curve }
  | { readonly kind: "stop" };

/** What a worker tells the primary. */
export type ToPrimary =
  /** It has begun to load, and waits for its introduction. */
  | { readonly kind: "begun" }
  | { readonly kind: "ready"; readonly ports: Ports }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "clock_set_back"; readonly setBack: SetBack }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown };
