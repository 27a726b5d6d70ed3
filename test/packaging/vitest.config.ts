import { defineConfig } from "vitest/config";

/** `npm run package-test`: what is shipped, built anew and run as whoever gets it runs it. Too slow for `npm test`. */
export default defineConfig({
  test: {
    include: ["test/packaging/**/*.check.ts"],
    globalSetup: "test/packaging/setup.ts",
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
