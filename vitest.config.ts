import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

// Node keeps compiled modules here, with their types stripped. Tests start some hundred gateways and nodes, each a third faster with it.
process.env.NODE_COMPILE_CACHE ??= resolve(import.meta.dirname, "node_modules/.cache/hearth");

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", ".hearth/**"],
    globalSetup: "test/vitest/global_setup.ts",
    setupFiles: ["test/vitest/same_values.ts", "test/vitest/listener_leaks.ts"],
    reporters: ["default", "./test/vitest/summary_reporter.ts"],
    // Whole systems of processes start in these tests, and small machines share two cores among them.
    maxWorkers: 3,
    // Tests wait for conditions, and end with them: how long that may take says only when one has failed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
