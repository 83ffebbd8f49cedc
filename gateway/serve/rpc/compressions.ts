import { promisify } from "node:util";
import zlib from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { isZlib } from "../../../lib/transcode/mod.ts";

const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Compressions of messages by Connect, gRPC and gRPC-Web: the same as of REST bodies. All run in the thread pool. */
export const COMPRESSIONS: readonly Compression[] = [
  createCompression("gzip", promisify<Uint8Array, Buffer>(zlib.gzip), promisify(zlib.gunzip)),
  createCompression("br", (bytes) => promisify(zlib.brotliCompress)(bytes, BROTLI), promisify(zlib.brotliDecompress)),
  createCompression("deflate", promisify<Uint8Array, Buffer>(zlib.deflate), inflateAny),
  createCompression("zstd", promisify<Uint8Array, Buffer>(zlib.zstdCompress), promisify(zlib.zstdDecompress)),
];

/** Clients send both the zlib format, as specified, and raw deflate (RFC 9110, section 8.4.1.2). */
function inflateAny(bytes: Uint8Array, options: { maxOutputLength: number }): Promise<Buffer> {
  return promisify<Uint8Array, zlib.ZlibOptions, Buffer>(isZlib(bytes) ? zlib.inflate : zlib.inflateRaw)(
    bytes,
    options,
  );
}

/** Replaces the gzip and brotli of connect-es: its brotli takes a hundred times as long, and it reports damaged messages as internal errors. */
function createCompression(
  name: string,
  compress: (bytes: Uint8Array) => Promise<Buffer>,
  decompress: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>,
): Compression {
  return {
    name,
    compress: async (bytes) => plain(await compress(bytes)),
    async decompress(bytes, readMaxBytes) {
      if (bytes.length === 0) return new Uint8Array(0);
      try {
        return plain(await decompress(bytes, { maxOutputLength: readMaxBytes }));
      } catch (error) {
        throw decompressionError(error, { name, readMaxBytes });
      }
    },
  };
}

function plain({ buffer, byteOffset, byteLength }: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function decompressionError(error: unknown, { name, readMaxBytes }: { name: string; readMaxBytes: number }) {
  const isTooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
  const message = isTooLarge
    ? `Cannot read the message: it has more than ${readMaxBytes} bytes, decompressed`
    : `Cannot read the message: it is not ${name}`;
  const code = isTooLarge ? Code.ResourceExhausted : Code.InvalidArgument;
  return new ConnectError(message, code, undefined, undefined, error);
}
