import { traceIdOf } from "../telemetry/trace-context.ts";
import { toOAuthError } from "./errors.ts";
import type { Done } from "./operations/operation.ts";
import { type Hearers, Report } from "./report.ts";
import type { Caller } from "./request.ts";

/** What performing any operation needs. */
export interface Performing extends Hearers {
  /** Admits a request, before anything is done for it; returns what is called at its end. Throws OAuthError. */
  readonly admit: () => () => void;
}

/** What is performed, and for whom. */
interface Performance {
  readonly operation: string;
  /** Undefined if it is none's, or not known yet. */
  readonly tenant: string | undefined;
  readonly caller: Caller;
  /** Runs if the caller is told to try again (`temporarily_unavailable`), whatever the reason. */
  readonly retried?: (() => void) | undefined;
}

/**
 * What is around every operation: admits it if there is room, runs it, and maps whatever it throws to an OAuthError.
 * Exactly one event reports the outcome. If there is a recorder, nothing is answered before that event is recorded.
 *
 * Throws OAuthError and nothing else.
 */
export async function performed<Answer>(
  { operation, tenant, caller, retried }: Performance,
  dependencies: Performing,
  run: (report: Pick<Report, "emit" | "note">) => Promise<Done<Answer>>,
): Promise<Answer> {
  const { admit, recorder } = dependencies;
  const { requestId, remoteAddress, traceParent } = caller;
  const traceId = traceIdOf(traceParent);
  const report = new Report({ operation, tenant, requestId, traceId, remoteAddress }, dependencies);
  let done: Done<Answer>;
  let leave: (() => void) | undefined;
  try {
    leave = admit();
    if (recorder !== undefined) await recorder.ready();
    done = await run(report);
    if (recorder !== undefined) await report.record(done);
  } catch (error) {
    const refusal = await report.recordRefusal(toOAuthError(error));
    if (refusal.code === "temporarily_unavailable") retried?.();
    report.endRefused(refusal);
    refusal.isReported = true;
    throw refusal;
  } finally {
    leave?.();
  }
  // What is done stays done, whatever comes of telling it.
  report.end(done.event);
  return done.answer;
}
