/** A DAO in the memory of the gateway, for tests and trials: its content ends with the gateway, and other gateways do not see it. */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { openDao } from "./dao.ts";
import { createRecord } from "./record.ts";

export default definePlugin({
  kind: "dao",
  name: "memory",
  config: z.strictObject({}),
  async start({ log }) {
    log.warn("jobs, contexts, binaries and files are kept in memory only, until this gateway ends");
    return openDao(createRecord());
  },
});
