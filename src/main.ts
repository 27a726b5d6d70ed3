#!/usr/bin/env node
import { processIo } from "./cli/frame/io.ts";
import { run } from "./cli/run.ts";

// The reader of the output may close it early, as head does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

run(process.argv.slice(2), processIo()).then((code) => process.exit(code));
