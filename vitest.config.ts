import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", ".hearth/**"],
    globalSetup: "test/global_setup.ts",
    setupFiles: "test/same_values.ts",
    reporters: ["default", "./test/summary_reporter.ts"],
    // Whole systems of processes start in these tests, and small machines share two cores among them.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // A wait for a condition ends with it; how long it may take says only when a test has failed.
    expect: { poll: { timeout: 30_000 } },
  },
});
