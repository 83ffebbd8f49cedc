import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

/** Tests on YARN, which run on demand: they fetch Hadoop's test kit, and take minutes. */
export default defineConfig({
  ...base,
  root: resolve(import.meta.dirname, "../.."),
  test: { ...base.test, include: ["test/yarn/*.yarn.ts"], testTimeout: 400_000, hookTimeout: 400_000 },
});
