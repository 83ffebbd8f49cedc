/**
 * Keys for programs, in `Authorization: Bearer hk_…` or `X-API-Key`, from a file of their hashes that `keys.ts` writes.
 * Imports `plugins/contract` and `plugins/files`.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { startApiKeyAuth } from "./auth.ts";

export default definePlugin({
  kind: "auth",
  name: "api-key",
  config: z.strictObject({
    /** The file of keys, relative to the working directory. A change counts within a second. */
    file: z.string().min(1),
  }),
  start: ({ config }) => startApiKeyAuth(config.file),
});
