import type { Logger } from "../../base/logger.ts";
import type { LogLevel } from "../../config/fields.ts";
import type { Io } from "./io.ts";

/** The log of a command that prints: apart from what it prints, which is for programs to read. */
export async function openLog({ stderr }: Io, level: LogLevel): Promise<Logger> {
  const { pino } = await import("pino");
  const logger: Logger = pino({ level }, stderr);
  return logger;
}
