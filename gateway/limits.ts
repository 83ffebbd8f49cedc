import { z } from "zod";

const MEBIBYTE = 1024 * 1024;

const milliseconds = z
  .int()
  .positive()
  .max(2 ** 31 - 1);

/** What callers may cost the gateway: the section `gateway.limits` of the configuration. */
export const limitsSection = z
  .strictObject({
    requestsPerSecond: z
      .number()
      .positive()
      .optional()
      .describe("Calls that a principal may make whose roles say nothing, on average; default no limit"),
    uploadBytes: z
      .int()
      .positive()
      .default(64 * MEBIBYTE)
      .describe("Largest body of an upload (binaries and data files), in bytes; larger ones are answered 413"),
    messageBytes: z
      .int()
      .positive()
      .default(8 * MEBIBYTE)
      .describe("Largest body of any other request, uncompressed, in bytes; larger ones are answered 413"),
    headerBytes: z
      .int()
      .min(1024)
      .max(MEBIBYTE)
      .default(16 * 1024)
      .describe("Largest head of a request, in bytes; larger ones are answered 431"),
    headers: z
      .int()
      .min(10)
      .max(2000)
      .default(100)
      .describe("Most headers of a request; more are answered 431, over HTTP/2 by a reset of the stream"),
    streams: z
      .int()
      .positive()
      .max(100_000)
      .default(256)
      .describe("Calls at a time on one HTTP/2 connection; clients wait with more"),
    resetsPerSecond: z
      .int()
      .positive()
      .default(33)
      .describe(
        "Calls that a client may reset on one HTTP/2 connection, on average; one that resets more loses the connection",
      ),
    resetBurst: z.int().positive().default(1000).describe("Such resets that may come at once"),
    headersTimeoutMs: milliseconds
      .default(15_000)
      .describe("Time for the head of a request to arrive, in milliseconds; HTTP/1.1 only"),
    bodyTimeoutMs: milliseconds
      .default(300_000)
      .describe("Time for a whole request to arrive, in milliseconds; how long it takes to answer it does not count"),
    idleTimeoutMs: milliseconds
      .default(60_000)
      .describe("A connection on which nothing was asked for so long is closed, in milliseconds"),
  })
  .prefault({})
  .describe("What callers may cost");

export type Limits = z.output<typeof limitsSection>;
