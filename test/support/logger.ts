import type { Logger } from "../../src/base/logger.ts";
import type { Listener } from "../../src/telemetry/events.ts";
import { EventLog } from "../../src/telemetry/log.ts";
import { searchLater } from "./leaks.ts";

/** Writes events into a log, as the service does. */
export function listenerOf(logger: Logger): Listener {
  return new EventLog(logger, () => performance.now()).listen;
}

/** A logger that keeps what it is told. */
export interface RecordingLogger extends Logger {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[];
  /** All of it as one text, causes too, to look for what must not be in it. */
  text(): string;
}

export function recordingLogger(): RecordingLogger {
  const lines: RecordingLogger["lines"] = [];
  const at = (level: string) => (fields: object, message: string) => lines.push({ level, fields, message });
  const text = () => lines.map((line) => `${line.level} ${line.message} ${describe(line.fields)}`).join("\n");
  searchLater(text);
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    text,
  };
}

function describe(value: unknown): string {
  return (
    JSON.stringify(value, (_, member) =>
      member instanceof Error ? `${member.stack} ${describe(member.cause)}` : member,
    ) ?? ""
  );
}
