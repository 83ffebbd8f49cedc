import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Limits } from "../../limits.ts";

/** Least that is read of a body after its answer, in bytes. */
const LEAST_READ_BYTES = 64 * 1024 * 1024;

/** Size of a body that node buffers without asking anybody, in bytes; a stream's high-water mark is 64 KiB. */
const BUFFERED_BYTES = 32 * 1024;

/** Time in which a client of HTTP/2 may stop by itself, in milliseconds: some take a reset for an error that comes while they send. */
const STOP_AFTER_MS = 500;

/**
 * Ends a request that is answered before all of its body was read. Over HTTP/1.1 the rest is read and thrown away: many clients send first and
 * read then, and the connection serves their next request. One that sends several times what an upload may have loses it. Over HTTP/2
 * a client that does not stop by itself is asked to (RFC 9113, section 8.1).
 */
export function endUnread(
  request: HttpRequest,
  response: HttpResponse & ServerResponse,
  { uploadBytes }: Pick<Limits, "uploadBytes">,
): void {
  if (request.complete || isBuffered(request)) return;
  const { stream } = response;
  if (stream === undefined) {
    response.once("close", () => request.complete || throwAway(request, Math.max(4 * uploadBytes, LEAST_READ_BYTES)));
    return;
  }
  // Of the stream: a response of node:http2 finishes when all is over.
  stream.once("finish", () => request.complete || stopLater(stream));
}

function stopLater(stream: NonNullable<HttpResponse["stream"]>): void {
  // Node itself stops a client at once whose body nobody began to read.
  stream.pause();
  const timer = setTimeout(() => stream.closed || stream.close(constants.NGHTTP2_NO_ERROR), STOP_AFTER_MS);
  stream.once("close", () => clearTimeout(timer));
}

/** Whether a body of HTTP/1.1, if there is one, arrives as a whole whether anybody reads it or not: the usual case. */
function isBuffered({ headers, httpVersionMajor }: HttpRequest): boolean {
  const isPlain = headers["transfer-encoding"] === undefined && headers["content-encoding"] === undefined;
  return httpVersionMajor === 1 && isPlain && Number(headers["content-length"] ?? 0) <= BUFFERED_BYTES;
}

function throwAway(request: HttpRequest, mostBytes: number): void {
  const { socket } = request;
  if (socket.destroyed) return;
  // Of a reader that gave up; the stream would wait for it.
  for (const event of ["readable", "data"]) request.removeAllListeners(event);
  let sizeBytes = 0;
  request.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) socket.destroy();
  });
  request.resume();
}
