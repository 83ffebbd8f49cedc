import type { ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Limits } from "../limits.ts";
import type { HttpRequest, HttpResponse } from "../transcode/mod.ts";

/** Least that is read of a body after its answer, in bytes. */
const LEAST_READ_BYTES = 64 * 1024 * 1024;

/**
 * Ends a request that is answered before all of its body was read. Over HTTP/1.1 the rest is read and thrown away: many clients send first and
 * read then, and the connection serves their next request. One that sends several times what an upload may have loses it. Over HTTP/2
 * the client is asked to stop (RFC 9113, section 8.1).
 */
export function endUnread(
  request: HttpRequest,
  response: HttpResponse & ServerResponse & { readonly stream?: ServerHttp2Stream },
  { uploadBytes }: Pick<Limits, "uploadBytes">,
): void {
  if (request.complete || hasNoBody(request)) return;
  const { stream } = response;
  if (stream === undefined) {
    response.once("close", () => request.complete || throwAway(request, Math.max(4 * uploadBytes, LEAST_READ_BYTES)));
    return;
  }
  const stop = (): void => {
    if (!request.complete && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  };
  // The answer is sent but for its trailers, which node:http2 sends in this turn; "finish" of the response comes with the end of the stream only.
  stream.once("wantTrailers", () => setImmediate(stop));
  // An answer without a body has ended with its head.
  stream.once("finish", () => setImmediate(() => stream.state?.localClose === 1 && stop()));
}

function hasNoBody({ headers, httpVersionMajor }: HttpRequest): boolean {
  return (
    httpVersionMajor === 1 && headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0"
  );
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
