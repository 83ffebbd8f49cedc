import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Limits } from "../../limits.ts";

/** Minimum number of bytes read from a body after its response. */
const LEAST_READ_BYTES = 64 * 1024 * 1024;

/** Size up to which Node buffers a body by itself, in bytes; a stream's high-water mark is 64 KiB. */
const BUFFERED_BYTES = 32 * 1024;

/** Time for an HTTP/2 client to stop sending by itself, in milliseconds: some treat a reset while they send as an error. */
const STOP_AFTER_MS = 500;

/**
 * Ends a request whose response ends before its body was read. Over HTTP/1.1 the rest is read and discarded, because many clients read the
 * response only after they have sent everything, and reuse the connection; beyond several times the upload limit the connection is
 * destroyed. Over HTTP/2 a client that does not stop by itself receives RST_STREAM with NO_ERROR (RFC 9113, section 8.1).
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
  // On the stream: a response of node:http2 emits "finish" only when everything is over.
  stream.once("finish", () => request.complete || stopLater(stream));
}

function stopLater(stream: NonNullable<HttpResponse["stream"]>): void {
  // Otherwise Node resets the stream at once if nothing has read from the body.
  stream.pause();
  const timer = setTimeout(() => stream.closed || stream.close(constants.NGHTTP2_NO_ERROR), STOP_AFTER_MS);
  stream.once("close", () => clearTimeout(timer));
}

/** Whether an HTTP/1.1 request has no body, or one that Node buffers whole: the usual case. */
function isBuffered({ headers, httpVersionMajor }: HttpRequest): boolean {
  const isPlain = headers["transfer-encoding"] === undefined && headers["content-encoding"] === undefined;
  return httpVersionMajor === 1 && isPlain && Number(headers["content-length"] ?? 0) <= BUFFERED_BYTES;
}

function throwAway(request: HttpRequest, mostBytes: number): void {
  const { socket } = request;
  if (socket.destroyed) return;
  // Listeners of a reader that gave up: the stream would wait for them.
  for (const event of ["readable", "data"]) request.removeAllListeners(event);
  let sizeBytes = 0;
  request.on("data", (chunk: Uint8Array) => {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) socket.destroy();
  });
  request.resume();
}
