/**
 * The record in the memory of the gateway, for tests and trials: it is gone when the gateway ends, and no other gateway sees it.
 * Imports `plugins/contract` and `proto`.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { openDao } from "./dao.ts";
import { createRecord } from "./record.ts";

export default definePlugin({
  kind: "dao",
  name: "memory",
  config: z.strictObject({}),
  async start({ log }) {
    log.warn("jobs, contexts, binaries and files are remembered until this gateway ends, not longer");
    return openDao(createRecord());
  },
});
