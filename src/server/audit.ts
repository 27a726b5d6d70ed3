import { type Machine, thisMachine } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { AuditSettings } from "../config/audit.ts";
import { errorCode } from "../config/files.ts";
import { ConfigError } from "../schema/problems.ts";
import { Audit } from "../telemetry/audit/audit.ts";
import type { OpenDestination } from "../telemetry/audit/destination.ts";
import { openFile } from "../telemetry/audit/file.ts";
import { hashedIdentifier, plainIdentifier } from "../telemetry/audit/identifiers.ts";
import { standardOutput } from "../telemetry/audit/standard-output.ts";
import type { Listener, Recorder } from "../telemetry/events.ts";
import type { HealthCheck } from "./health.ts";

/** How long an audit that closes may write what waits, in milliseconds. */
const CLOSE_LIMIT = 2_000;

/** What a process with or without an audit needs of it. */
interface ConfiguredAudit {
  readonly recorder: Recorder | undefined;
  readonly listeners: readonly Listener[];
  /** What a node must pass to serve. */
  readonly checks: readonly HealthCheck[];
  /** How many of its lines were lost since the start; undefined if there is no audit. */
  lostInAll(): number | undefined;
  /** Opens the file anew. */
  reopen(): Promise<void>;
  /** Writes what waits, if that is possible within {@link CLOSE_LIMIT}, and closes the file. */
  close(): Promise<void>;
}

const NONE: ConfiguredAudit = {
  recorder: undefined,
  listeners: [],
  checks: [],
  lostInAll: () => undefined,
  reopen: async () => undefined,
  close: async () => undefined,
};

/**
 * Opens the configured audit, if there is one. `stdout`: where lines go that are for standard output. Throws ConfigError
 * if its file cannot be opened.
 */
export async function openConfiguredAudit(
  settings: AuditSettings | undefined,
  logger: Logger,
  stdout: OpenDestination = standardOutput(),
  sleep: Machine["sleep"] = thisMachine.sleep,
): Promise<ConfiguredAudit> {
  if (settings === undefined) return NONE;
  const audit = await openAudit(settings, logger, stdout);
  return {
    recorder: audit,
    listeners: [audit.listen],
    checks: settings.required ? [{ name: "audit", run: () => audit.problem() }] : [],
    lostInAll: () => audit.lostInAll,
    reopen: () => audit.reopen(),
    close: () => closeInTime(audit, sleep, logger),
  };
}

/** Whoever reads standard output may never do so again. */
async function closeInTime(audit: Audit, sleep: Machine["sleep"], logger: Logger): Promise<void> {
  const late = sleep(CLOSE_LIMIT).then(() => true);
  const isLate = await Promise.race([audit.close(), late]);
  if (isLate) logger.error({}, "the audit is closed before all of its lines are written");
}

async function openAudit(
  { path, hmacKey, required, sync }: AuditSettings,
  logger: Logger,
  stdout: OpenDestination,
): Promise<Audit> {
  const open = path === undefined ? stdout : () => openFile(path);
  const identifier = hmacKey === undefined ? plainIdentifier : hashedIdentifier(hmacKey);
  try {
    return await Audit.open({ open, required, sync, identifier, wall: thisMachine.wall, logger });
  } catch (error) {
    throw new ConfigError([`audit.file: cannot open ${path} to append to it (${errorCode(error)})`]);
  }
}
