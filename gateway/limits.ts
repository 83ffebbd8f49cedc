import { z } from "zod";
import { LONGEST_DELAY_MS } from "../lib/async/mod.ts";

const MEBIBYTE = 1024 * 1024;

/**
 * Maximum number of values and member names in one message, in any encoding. To decode, validate, print and forward one was measured to
 * take 0.3 µs (numbers in a list) to 2.4 µs (unique member names) of processor time: 20 000 block the event loop for less than 50 ms, even
 * on a busy machine of half the speed.
 */
export const MOST_VALUES = 20_000;

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
      .describe("Calls that a principal may make whose roles say nothing, on average; default no limit"),
    uploadBytes: z
      .int()
      .positive()
      .default(256 * MEBIBYTE)
      .describe("Largest body of an upload (binaries and data files), in bytes; larger ones are answered 413"),
    messageBytes: z
      .int()
      .positive()
      .default(5 * MEBIBYTE)
      .describe(
        "Largest body of any other request, uncompressed, in bytes; larger ones are answered 413. A larger one than the default may stop the gateway for more than 50 ms",
      ),
    bodiesBytes: z
      .int()
      .positive()
      .default(1024 * MEBIBYTE)
      .describe(
        "What the bodies of all requests that are being read or answered may take together, in bytes; beyond it the largest request of the network that has the most is broken off",
      ),
    answersBytes: z
      .int()
      .positive()
      .default(1024 * MEBIBYTE)
      .describe(
        "What all answers that wait for their clients may take together, in bytes; beyond it the largest answer of the network that has the most is broken off",
      ),
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
    connections: z.int().positive().default(10_000).describe("Connections at a time; further ones are closed at once"),
    connectionsPerAddress: z
      .int()
      .positive()
      .default(1000)
      .describe(
        "Connections at a time from one IP address, of IPv6 from one /64 network; further ones are closed at once. Behind a proxy all come from its address",
      ),
    streams: z
      .int()
      .positive()
      .max(100_000)
      .default(256)
      .describe(
        "Calls at a time on one connection; clients of HTTP/2 wait with more, one of HTTP/1.1 that sends more before the first is answered loses it",
      ),
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
      .describe(
        "Time for a TLS handshake, for the first bytes of a connection, and over HTTP/1.1 for the head of a request, in milliseconds",
      ),
    bodyTimeoutMs: milliseconds
      .default(300_000)
      .describe("Time for a whole request to arrive, in milliseconds; how long it takes to answer it does not count"),
    idleTimeoutMs: milliseconds
      .default(60_000)
      .describe("A connection on which nothing was asked for so long is closed, in milliseconds"),
    stallTimeoutMs: milliseconds
      .default(30_000)
      .describe(
        "An answer of which the client takes nothing for so long is broken off, in milliseconds for each mebibyte that waits",
      ),
    recheckMs: milliseconds
      .default(30_000)
      .describe(
        "Whether the caller of a call that goes on is still known, and still allowed, is asked so often, in milliseconds",
      ),
    failedLoginsPerMinute: z
      .number()
      .positive()
      .default(30)
      .describe(
        "Wrong credentials that one IP address, of IPv6 one /64 network, may show, on average; a minute's worth may come at once. Beyond it only credentials are taken there that were right before",
      ),
  })
  .prefault({})
  .describe("What callers may cost");

export type Limits = z.output<typeof limitsSection>;
