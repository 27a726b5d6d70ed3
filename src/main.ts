#!/usr/bin/env node
import { withCommand } from "./cli/default-command.ts";
import { processIo } from "./cli/frame/io.ts";
import { holdSignals } from "./cli/local/signals.ts";

const argv = process.argv.slice(2);

// Before the program is loaded, which takes a while: a SIGHUP must not end a service that is about to start.
if (withCommand(argv)[0] === "serve") holdSignals();
// The launcher holds signals until then.
process.send?.("begun", undefined, undefined, () => undefined);

// There is nobody to tell: the exit code is what it would have been.
process.stderr.on("error", () => undefined);

import("./cli/run.ts").then(({ run }) => run(argv, processIo())).then((code) => process.exit(code));
