import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import type { HttpRequest } from "./call.ts";
import { encodingRefused } from "./errors.ts";

/**
 * The codings of request bodies (RFC 9110, section 8.4.1), each with the function that creates its decoder from the first bytes of the
 * body.
 */
const DECODERS: ReadonlyMap<string, (first: Uint8Array) => Transform> = new Map([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", createAnyInflate],
  ["br", () => createBrotliDecompress()],
  ["zstd", () => createZstdDecompress()],
]);

/** Accepted codings, for the Accept-Encoding header of a 415 response. */
export const TAKEN_ENCODINGS = "gzip, deflate, br, zstd";

/** Creates the decoder of a body from its first bytes. */
export type CreateDecoder = (first: Uint8Array) => Transform;

/** The decoder of a request body; undefined if it is not compressed. Throws a 415 error for an unknown coding, and for several. */
export function bodyDecoder({ headers }: HttpRequest): CreateDecoder | undefined {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() || "identity";
  if (encoding === "identity") return undefined;
  const decoder = DECODERS.get(encoding);
  if (decoder === undefined) throw encodingRefused(encoding, TAKEN_ENCODINGS);
  return decoder;
}

/** Clients send both the zlib format, as specified, and raw deflate (RFC 9110, section 8.4.1.2). */
function createAnyInflate(first: Uint8Array): Transform {
  return isZlib(first) ? createInflate() : createInflateRaw();
}

/** Whether deflate-coded bytes begin with a zlib header. */
export function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

const decodedListeners = new WeakMap<HttpRequest, (bytes: number) => void>();

/** Calls the listener with the size of each decoded chunk of a compressed body, to account for its memory. */
export function onDecoded(request: HttpRequest, listener: (bytes: number) => void): void {
  decodedListeners.set(request, listener);
}

export function reportDecoded(request: HttpRequest, bytes: number): void {
  decodedListeners.get(request)?.(bytes);
}
