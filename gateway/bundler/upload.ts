import { isUtf8 } from "node:buffer";
import type { BundlerLimits } from "./limits.ts";
import { badUpload } from "./problem.ts";
import { readTarball } from "./tarball.ts";

/** Content by path: relative, `/` between segments, no `.` or `..`. */
export type UploadFiles = ReadonlyMap<string, Uint8Array>;

/** One source file, under the name it goes by in messages and stack traces; or an unpacked tarball. */
export type Upload =
  | { readonly type: "file"; readonly files: UploadFiles; readonly path: string }
  | { readonly type: "tarball"; readonly files: UploadFiles };

const JAVASCRIPT_TYPES = new Set([
  "application/javascript",
  "application/ecmascript",
  "application/x-javascript",
  "text/javascript",
  "text/ecmascript",
]);
const FILE_TYPES = new Set([
  ...JAVASCRIPT_TYPES,
  "application/typescript",
  "application/x-typescript",
  "text/typescript",
  "text/x-typescript",
]);
const TARBALL_TYPES = new Set(["application/gzip", "application/x-gzip", "application/x-tgz", "application/x-gtar"]);

/** Whether the bytes begin as gzip does (RFC 1952, section 2.3.1). */
export function isGzip(content: Uint8Array): boolean {
  return content[0] === 0x1f && content[1] === 0x8b;
}

/** Tells file from tarball and reads it. A content type that is neither a file's nor a tarball's leaves it to the bytes. */
export async function readUpload(
  content: Uint8Array,
  { contentType, limits }: { contentType: string | undefined; limits: BundlerLimits },
): Promise<Upload> {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (isGzip(content) && !FILE_TYPES.has(mediaType)) {
    return { type: "tarball", files: await readTarball(content, limits) };
  }
  if (TARBALL_TYPES.has(mediaType)) throw badUpload(`The content type is ${mediaType}, but the bytes are not gzip`);
  if (!isUtf8(content) || content.includes(0)) {
    throw badUpload("Neither UTF-8 text nor a gzip tarball: upload one .ts or .js file, or what `npm pack` makes");
  }
  const path = JAVASCRIPT_TYPES.has(mediaType) ? "main.js" : "main.ts";
  return { type: "file", files: new Map([[path, content]]), path };
}
