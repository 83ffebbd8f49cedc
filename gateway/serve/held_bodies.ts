import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import { createThrottledLog } from "../../cluster/mod.ts";
import { breakOff, type HttpRequest, type HttpResponse, onDecoded } from "../../lib/transcode/mod.ts";
import { networkOf, peerOf } from "../access/mod.ts";
import type { Limits } from "../limits.ts";
import { heaviest } from "./heaviest.ts";

interface Held {
  readonly response: HttpResponse;
  readonly network: string;
  sizeBytes: number;
}

/** Counts what has come of a request's body, until its answer ends. */
export type CountBody = (request: HttpRequest, response: ServerResponse & HttpResponse) => void;

/**
 * Bounds what the bodies of all requests together take in memory. Beyond the bound it breaks off the largest request of the network that has
 * the most: so the one that takes the memory loses it, and others go on.
 */
export function createBodyCount(
  { bodiesBytes }: Pick<Limits, "bodiesBytes">,
  { log }: { readonly log: Pick<Logger, "warn"> },
): CountBody {
  const holders = new Set<Held>();
  const tell = createThrottledLog((fields) => log.warn(fields, "a request is broken off: bodies take too much memory"));
  let sizeBytes = 0;

  return (request, response) => {
    const held = { response, network: networkOf(peerOf(request)), sizeBytes: 0 };
    let isOpen = true;
    response.once("close", () => {
      isOpen = false;
      release(held);
    });
    // Both parsers hand on what comes by this method. Whoever listens for "data" would begin to read.
    const push = request.push.bind(request);
    request.push = (chunk, encoding) => {
      if (isOpen && chunk !== null) add(held, chunk.length);
      return push(chunk, encoding);
    };
    if (request.headers["content-encoding"] !== undefined) onDecoded(request, (bytes) => isOpen && add(held, bytes));
  };

  function add(held: Held, bytes: number): void {
    holders.add(held);
    held.sizeBytes += bytes;
    sizeBytes += bytes;
    while (sizeBytes > bodiesBytes) cutLargest();
  }

  function release(held: Held): void {
    if (holders.delete(held)) sizeBytes -= held.sizeBytes;
  }

  function cutLargest(): void {
    const held = heaviest(holders);
    release(held);
    held.sizeBytes = 0;
    breakOff(held.response);
    tell({ network: held.network });
  }
}
