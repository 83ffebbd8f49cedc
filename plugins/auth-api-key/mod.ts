/**
 * Keys for programs, in `Authorization: Bearer hk_…` or `X-API-Key`, from a file of their hashes that `keys.ts` writes.
 * Imports `plugins/contract` and `plugins/files`; its program, `plugins/command-line` too.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { readableFile } from "../files/mod.ts";
import { startApiKeyAuth } from "./auth.ts";

export default definePlugin({
  kind: "auth",
  name: "api-key",
  config: z.strictObject({
    file: readableFile.describe("The file of keys, which `keys.ts` writes. A change counts within a second"),
  }),
  start: ({ config }) => startApiKeyAuth(config.file),
});
