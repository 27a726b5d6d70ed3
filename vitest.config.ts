import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Much of a test is waiting: for a database, a process, a disk.
    maxWorkers: 4,
    isolate: false,
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/mongodb-setup.ts",
    setupFiles: "test/support/file-setup.ts",
    // Only what hangs takes so long: a busy machine must fail no test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
