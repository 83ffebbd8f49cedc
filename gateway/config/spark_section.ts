import { isAbsolute } from "node:path";
import { z } from "zod";
import { isAddressRange } from "../../cluster/mod.ts";
import { LONGEST_DELAY_MS } from "../../lib/async/mod.ts";

const milliseconds = z.int().max(LONGEST_DELAY_MS);

/** Section `gateway.spark`. */
export const sparkSection = z
  .strictObject({
    requestTimeoutMs: milliseconds
      .positive()
      .default(40_000)
      .describe("A request that takes longer is answered with 500, in milliseconds"),
    contextDeletionTimeoutMs: milliseconds
      .nonnegative()
      .default(40_000)
      .describe("A context that is not stopped two seconds before is told to be stopping, in milliseconds"),
    useAsProxyUser: z
      .boolean()
      .default(false)
      .describe(
        "Gives each caller contexts of its own: kept under the name `user~name`, and run in the name of the user whom the auth plugin knows, as `spark.proxy.user`",
      ),
    programs: z
      .strictObject({
        folders: z
          .array(z.string().refine(isAbsolute, "must be an absolute path"))
          .default([])
          .describe(
            "Folders, by absolute paths, below which the gateway reads programs that class paths name as `file:`; default none",
          ),
        allow: z
          .array(z.string().refine(isAddressRange, "must be an IP address or a range like 10.0.0.0/8"))
          .default([])
          .describe(
            "IP addresses and ranges, such as `10.0.0.0/8`, from which the gateway fetches programs that class paths name as `http:` or `https:`, beside the public internet",
          ),
      })
      .prefault({})
      .describe("Programs that class paths name by URL"),
  })
  .prefault({})
  .describe("spark-jobserver's API");
