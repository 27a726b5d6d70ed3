import { defineConfig } from "vitest/config";

/** `npm run verifiers`: the verifiers of docs/verifying.md, with packages from their registries. */
export default defineConfig({
  test: {
    include: ["test/verifiers/**/*.check.ts"],
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
