import { z } from "zod";
import { LONGEST_DELAY_MS } from "../lib/async/mod.ts";

const MEBIBYTE = 1024 * 1024;

/**
 * Maximum number of values and member names in one message, in any encoding. To decode, validate, print and forward one was measured to
 * take 0.3 µs (numbers in a list) to 2.4 µs (unique member names) of processor time: 20 000 block the event loop for less than 50 ms, even
 * on a busy machine of half the speed.
 */
export const MAX_VALUES = 20_000;

/**
 * Maximum size of a JSON message by Connect, gRPC or gRPC-Web, in bytes. Their decoder reads it character by character, at up to 60 ns
 * each. REST has another decoder, and the binary encoding costs less.
 */
export const RPC_JSON_BYTES = MEBIBYTE;

const milliseconds = z.int().positive().max(LONGEST_DELAY_MS);

/** What callers may cost the gateway: the section `gateway.limits` of the configuration. */
export const limitsSection = z
  .strictObject({
    requestsPerSecond: z
      .number()
      .positive()
      .optional()
      .describe("Average rate of calls for a principal whose roles set no limit; default no limit"),
    uploadBytes: z
      .int()
      .positive()
      .default(256 * MEBIBYTE)
      .describe(
        "Maximum body size of an upload (binaries and data files), in bytes; a larger one is rejected with 413",
      ),
    messageBytes: z
      .int()
      .positive()
      .default(5 * MEBIBYTE)
      .describe(
        "Maximum body size of any other request, uncompressed, in bytes; a larger one is rejected with 413. A value above the default may block the gateway for more than 50 ms",
      ),
    bodiesBytes: z
      .int()
      .positive()
      .default(1024 * MEBIBYTE)
      .describe(
        "Maximum memory of all request bodies together, in bytes, until their responses end; beyond it, the largest request of the network that uses the most is aborted",
      ),
    answersBytes: z
      .int()
      .positive()
      .default(1024 * MEBIBYTE)
      .describe(
        "Maximum memory of all responses that wait for their clients, in bytes; beyond it, the largest response of the network that uses the most is aborted",
      ),
    headerBytes: z
      .int()
      .min(1024)
      .max(MEBIBYTE)
      .default(16 * 1024)
      .describe("Maximum size of the head of a request, in bytes; a larger one is rejected with 431"),
    headers: z
      .int()
      .min(10)
      .max(2000)
      .default(100)
      .describe(
        "Maximum number of headers of a request; more are rejected with 431, over HTTP/2 with a reset of the stream",
      ),
    connections: z
      .int()
      .positive()
      .default(10_000)
      .describe("Maximum number of open connections; further ones are closed at once"),
    connectionsPerAddress: z
      .int()
      .positive()
      .default(1000)
      .describe(
        "Maximum number of open connections from one IP address (IPv6: from one /64 network); further ones are closed at once. Behind a proxy, all come from its address",
      ),
    streams: z
      .int()
      .positive()
      .max(100_000)
      .default(256)
      .describe(
        "Maximum number of concurrent calls on one connection; HTTP/2 clients queue further ones, an HTTP/1.1 connection with more pending requests is closed",
      ),
    resetsPerSecond: z
      .int()
      .positive()
      .default(33)
      .describe(
        "Average rate of calls that a client may reset on one HTTP/2 connection; beyond it, the connection is closed",
      ),
    resetBurst: z.int().positive().default(1000).describe("Maximum number of such resets at once"),
    headersTimeoutMs: milliseconds
      .default(15_000)
      .describe(
        "Timeout of a TLS handshake, of the first bytes of a connection, and over HTTP/1.1 of the head of a request, in milliseconds",
      ),
    bodyTimeoutMs: milliseconds
      .default(300_000)
      .describe("Timeout of receiving a whole request, in milliseconds; the time to serve it does not count"),
    idleTimeoutMs: milliseconds
      .default(60_000)
      .describe("Time without requests after which a connection is closed, in milliseconds"),
    stallTimeoutMs: milliseconds
      .default(30_000)
      .describe(
        "Time without progress after which a response is aborted, in milliseconds, plus the same for each buffered mebibyte",
      ),
    recheckMs: milliseconds
      .default(30_000)
      .describe(
        "Interval between checks whether the caller of a running call is still authenticated and authorized, in milliseconds",
      ),
    failedLoginsPerMinute: z
      .number()
      .positive()
      .default(30)
      .describe(
        "Average rate of failed logins from one IP address (IPv6: from one /64 network); one minute's worth may come at once. Beyond it, only credentials that were valid before are accepted from there",
      ),
  })
  .prefault({})
  .describe("Limits of what callers may cost");

export type Limits = z.output<typeof limitsSection>;
