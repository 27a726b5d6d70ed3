#!/usr/bin/env node
import { processIo } from "./cli/frame/io.ts";
import { run } from "./cli/run.ts";

// There is nobody to tell: the exit code is what it would have been.
process.stderr.on("error", () => undefined);

run(process.argv.slice(2), processIo()).then((code) => process.exit(code));
