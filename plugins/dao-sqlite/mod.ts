/**
 * A DAO in an SQLite file: reads on the caller's thread, writes in a writer thread that commits in groups. For one gateway, or several on
 * one machine.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { startDao } from "./dao.ts";

export default definePlugin({
  kind: "dao",
  name: "sqlite",
  config: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe("The database file, relative to the working directory; created with its folder when absent"),
  }),
  start: ({ config, log, signal }) => startDao(config.path, { log, signal }),
});
