import { z } from "zod";
import { isAddressRange } from "../../cluster/mod.ts";

/** Section `gateway.callbacks`. */
export const callbacksSection = z
  .strictObject({
    secret: z
      .string()
      .min(16)
      .optional()
      .describe(
        "Signs them. Gateways without a common data directory need the same one. Default: made at the first start",
      ),
    allow: z
      .array(z.string().refine(isAddressRange, "must be an IP address or a range like 10.0.0.0/8"))
      .default([])
      .describe("IP addresses and ranges that they may go to beside the public internet, such as `10.0.0.0/8`"),
    attempts: z.int().positive().max(20).default(5).describe("Times that one is tried"),
    retryDelayMs: z
      .int()
      .positive()
      .max(60_000)
      .default(2000)
      .describe("Time before the second try, in milliseconds; four times as long before each further one"),
    timeoutMs: z
      .int()
      .positive()
      .max(120_000)
      .default(10_000)
      .describe("The longest that one try may take, in milliseconds"),
  })
  .prefault({})
  .describe("The POST that tells of a job's end");
