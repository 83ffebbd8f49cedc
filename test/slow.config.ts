import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import base from "../vitest.config.ts";

/** Tests that run on demand, because they take minutes and other tests cover their parts. */
export default defineConfig({
  ...base,
  root: resolve(import.meta.dirname, ".."),
  test: { ...base.test, include: ["test/**/*.slow.ts"] },
});
