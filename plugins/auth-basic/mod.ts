/**
 * Users with passwords, by HTTP Basic (RFC 7617), from a file of scrypt hashes that `passwd.ts` writes.
 * Imports `plugins/contract` and `plugins/files`; its program, `plugins/command-line` too.
 */
import { z } from "zod";
import { definePlugin } from "../contract/mod.ts";
import { readableFile } from "../files/mod.ts";
import { startBasicAuth } from "./auth.ts";

export default definePlugin({
  kind: "auth",
  name: "basic",
  config: z.strictObject({
    file: readableFile.describe(
      "The users file, which `passwd.ts` writes: lines `name:hash:role,role`, comments after `#`. A change counts within a second",
    ),
    realm: z
      .string()
      .regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, "must be printable ASCII without quotes and backslashes")
      .default("hearth")
      .describe("What a browser shows when it asks for the password"),
    cacheMs: z
      .int()
      .nonnegative()
      .default(60_000)
      .describe("How long a password that was right needs no hashing, in milliseconds; 0 hashes it each time"),
  }),
  start: ({ config }) => startBasicAuth(config),
});
