/** Blobs as files of one directory, named by their digest. For one gateway, or several that share the directory. */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { openBlobStore } from "./store.ts";

export default definePlugin({
  kind: "blobs",
  name: "fs",
  config: z.strictObject({
    path: z.string().min(1).describe("The directory, relative to the working directory; created when absent"),
  }),
  start: ({ config }) => openBlobStore(config.path),
});
