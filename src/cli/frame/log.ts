import type { DestinationStream, LoggerOptions } from "pino";
import { standardLines } from "../../base/line-output.ts";
import type { Logger } from "../../base/logger.ts";
import type { LogFormat, LogLevel } from "../../config/fields.ts";
import { hasColours, type Io, type Output } from "./io.ts";

/** What of the configuration a log depends on. */
export interface LogSettings {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Whether a developer is greeted in words on `output`: a log that is a file has nothing but lines of the log. */
export function takesBanner({ isTTY = false }: Output, { logFormat }: LogSettings): boolean {
  return isTTY && logFormat !== "json";
}

/** Whether lines for people are written to `output`, rather than JSON. */
function isForPeople({ isTTY = false }: Output, { logFormat }: LogSettings): boolean {
  return logFormat === "auto" ? isTTY : logFormat === "pretty";
}

/**
 * The log of the service, on standard output. Lines are written at once, so that the last one before a crash is there. If
 * nobody reads them, they wait, and the service goes on; it says once how many were lost, if too many waited. `worker`: the number that each line bears.
 */
export async function openServiceLog({ stdout }: Io, settings: LogSettings, worker?: number): Promise<Logger> {
  const logger = await openLog(stdout, standardLines, settings, worker === undefined ? {} : { worker });
  standardLines.onLost = (lost) => logger.warn({ lost }, "lines of the log were lost, as they could not be written");
  process.on("exit", () => standardLines.flush());
  return logger;
}

/** The log of a command, on standard error: apart from what it prints, which is for programs to read. */
export async function openCommandLog({ stderr }: Io, settings: LogSettings): Promise<Logger> {
  return openLog(stderr, stderr, settings);
}

async function openLog(
  output: Output,
  destination: DestinationStream,
  settings: LogSettings,
  bound: { readonly worker?: number } = {},
): Promise<Logger> {
  const { pino } = await import("pino");
  const options: LoggerOptions = {
    level: settings.logLevel,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  };
  const written = isForPeople(output, settings) ? await pretty(output, destination) : destination;
  const logger: Logger = pino(options, written).child(bound);
  return logger;
}

/** A line of JSON becomes a line for people. */
async function pretty(output: Output, destination: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import("pino-pretty");
  const format = prettyFactory({
    colorize: hasColours(output),
    ignore: "pid,hostname",
    translateTime: false,
    singleLine: true,
  });
  return { write: (line) => destination.write(format(line)) };
}
