import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib";
import type { HttpRequest } from "./call.ts";
import { encodingRefused } from "./errors.ts";

/** The codings of request bodies (RFC 9110, section 8.4.1), each with what makes its decoder from the first bytes of the body. */
const DECODERS: ReadonlyMap<string, (first: Uint8Array) => Transform> = new Map([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", createAnyInflate],
  ["br", () => createBrotliDecompress()],
  ["zstd", () => createZstdDecompress()],
]);

/** What a client may send, as the header Accept-Encoding of a refusal says it. */
export const TAKEN_ENCODINGS = "gzip, deflate, br, zstd";

/** Makes the decoder of a body from its first bytes. */
export type CreateDecoder = (first: Uint8Array) => Transform;

/** How a request body is compressed; undefined when it is not. Throws a refusal with 415 for a coding that is not known, and for several. */
export function bodyDecoder({ headers }: HttpRequest): CreateDecoder | undefined {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() || "identity";
  if (encoding === "identity") return undefined;
  const decoder = DECODERS.get(encoding);
  if (decoder === undefined) throw encodingRefused(encoding, TAKEN_ENCODINGS);
  return decoder;
}

/** Clients send both zlib's format, as they should, and the bare one (RFC 9110, section 8.4.1.2). */
function createAnyInflate(first: Uint8Array): Transform {
  return isZlib(first) ? createInflate() : createInflateRaw();
}

/** Whether bytes compressed by deflate begin as zlib's format does. */
export function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

const decodedListeners = new WeakMap<HttpRequest, (bytes: number) => void>();

/** Reports the size of each decoded piece of a compressed body, so that its memory can be counted. */
export function onDecoded(request: HttpRequest, listener: (bytes: number) => void): void {
  decodedListeners.set(request, listener);
}

export function reportDecoded(request: HttpRequest, bytes: number): void {
  decodedListeners.get(request)?.(bytes);
}
