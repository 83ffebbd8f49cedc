import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import { createThrottledLog } from "../../../cluster/mod.ts";
import { breakOff, type HttpRequest, type HttpResponse, onDecoded } from "../../../lib/transcode/mod.ts";
import { networkOf, peerOf } from "../../access/mod.ts";
import type { Limits } from "../../limits.ts";
import { findLargest } from "./memory_use.ts";

interface Held {
  readonly response: HttpResponse;
  readonly network: string;
  sizeBytes: number;
}

/** Counts the received bytes of a request's body until its response closes. */
export type CountBody = (request: HttpRequest, response: ServerResponse & HttpResponse) => void;

/**
 * Bounds the memory of all request bodies together. Beyond the bound it aborts the largest request of the network that uses the most, so
 * that the others continue.
 */
export function createBodyCounter(
  { bodiesBytes }: Pick<Limits, "bodiesBytes">,
  { log }: { readonly log: Pick<Logger, "warn"> },
): CountBody {
  const holders = new Set<Held>();
  const tell = createThrottledLog((fields) => log.warn(fields, "request aborted: request bodies use too much memory"));
  let sizeBytes = 0;

  return (request, response) => {
    const held = { response, network: networkOf(peerOf(request)), sizeBytes: 0 };
    let isOpen = true;
    response.once("close", () => {
      isOpen = false;
      release(held);
    });
    // Both HTTP parsers pass chunks through push(). A "data" listener would start the flow.
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
    const held = findLargest(holders);
    release(held);
    held.sizeBytes = 0;
    breakOff(held.response);
    tell({ network: held.network });
  }
}
