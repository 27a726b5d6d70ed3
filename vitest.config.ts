import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Much of a test is waiting: for a database, a process, a disk.
    maxWorkers: 4,
    isolate: false,
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/mongodb-setup.ts",
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
