import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { parsePreferences } from "./accept.ts";
import type { HttpRequest, HttpResponse } from "./call.ts";

/** Codings of responses, the best first (RFC 9110, section 8.4.1). */
const ENCODINGS = ["br", "gzip"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** Minimum size of a compressed response, in bytes: a smaller one fits into a packet anyway. */
const SMALLEST_BYTES = 1400;

/**
 * Maximum number of whole responses that are compressed at a time. Further ones are sent uncompressed, so that other work of the thread
 * pool does not wait.
 */
const MOST_AT_ONCE = 16;

/** Maximum number of streamed responses that are compressed at a time. Each holds memory until the client has read everything. */
const MOST_STREAMS = 64;

const TEXT =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|wasm|[\w.-]+\+(?:json|xml))|image\/svg\+xml)/i;

const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

const gzip = promisify(zlib.gzip);
const brotli = promisify<zlib.InputType, zlib.BrotliOptions, Buffer>(zlib.brotliCompress);

let underWay = 0;
let streams = 0;

/** Whether compression of a response of that type and size, if known, is worth its cost. */
export function isCompressible(contentType: string, sizeBytes = Number.POSITIVE_INFINITY): boolean {
  return sizeBytes >= SMALLEST_BYTES && TEXT.test(contentType);
}

/** Returns the coding that a client prefers for a compressible response; undefined: none. Adds `Vary` to the response, for caches. */
export function negotiateEncoding(
  { headers }: HttpRequest,
  response: HttpResponse,
  { inPieces }: { readonly inPieces: boolean },
): Encoding | undefined {
  response.appendHeader("vary", "accept-encoding");
  const accept = headers["accept-encoding"];
  const isBusy = inPieces ? streams >= MOST_STREAMS : underWay >= MOST_AT_ONCE;
  return typeof accept !== "string" || isBusy ? undefined : chooseEncoding(accept);
}

/** The coding that Accept-Encoding prefers (RFC 9110, section 12.5.3); undefined: none, or none that is preferred over `identity`. */
export function chooseEncoding(accept: string): Encoding | undefined {
  const preferences = parsePreferences(accept);
  const qualityOf = (...names: string[]): number | undefined =>
    preferences.find(({ name }) => names.includes(name))?.quality;
  const others = qualityOf("*");
  const wanted = ENCODINGS.map((encoding) => ({
    encoding,
    quality: (encoding === "gzip" ? qualityOf("gzip", "x-gzip") : qualityOf(encoding)) ?? others ?? 0,
  })).reduce((a, b) => (b.quality > a.quality ? b : a));
  // Codings that the client does not name come last.
  return wanted.quality > 0 && wanted.quality >= (qualityOf("identity") ?? 0) ? wanted.encoding : undefined;
}

/** Compresses a whole response, in the thread pool. */
export async function compress(encoding: Encoding, content: string | Uint8Array): Promise<Buffer> {
  underWay += 1;
  try {
    return await (encoding === "br" ? brotli(content, BROTLI) : gzip(content));
  } finally {
    underWay -= 1;
  }
}

/** Compresses the chunks of a response, in the thread pool, and flushes each at once. Throws the errors of the chunks. */
export async function* compressPieces(
  encoding: Encoding,
  pieces: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { BROTLI_OPERATION_FLUSH, Z_SYNC_FLUSH } = zlib.constants;
  const encoder =
    encoding === "br"
      ? zlib.createBrotliCompress({ ...BROTLI, flush: BROTLI_OPERATION_FLUSH })
      : zlib.createGzip({ flush: Z_SYNC_FLUSH });
  streams += 1;
  try {
    // Errors surface in the encoder as well.
    pipeline(Readable.from(pieces), encoder, () => {});
    yield* encoder as AsyncIterable<Uint8Array>;
  } finally {
    streams -= 1;
  }
}

/** The first chunks of a response, up to the size that is worth compressing; `rest` is undefined if there are no more. */
export async function firstPieces(
  pieces: AsyncIterable<string | Uint8Array>,
): Promise<{ readonly first: Buffer; readonly rest: AsyncIterable<string | Uint8Array> | undefined }> {
  const iterator = pieces[Symbol.asyncIterator]();
  const held: Buffer[] = [];
  let sizeBytes = 0;
  while (sizeBytes < SMALLEST_BYTES) {
    const { done, value } = await iterator.next();
    if (done) return { first: Buffer.concat(held), rest: undefined };
    const piece = Buffer.from(value);
    held.push(piece);
    sizeBytes += piece.length;
  }
  return { first: Buffer.concat(held), rest: { [Symbol.asyncIterator]: () => iterator } };
}

/** The first chunks, followed by the rest. */
export async function* joinPieces(
  first: Uint8Array,
  rest: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array> {
  yield first;
  yield* rest;
}
