import { isUtf8 } from "node:buffer";
import type { BundlerLimits } from "./limits.ts";
import { badUpload } from "./problem.ts";
import { readTarball } from "./tarball.ts";
import { UploadFiles } from "./upload_files.ts";

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
  const other = otherKind(content, mediaType);
  if (other !== undefined) throw badUpload(`The upload is ${other}: ${WHAT_IS_TAKEN}`);
  if (TARBALL_TYPES.has(mediaType)) throw badUpload(`The content type is ${mediaType}, but the bytes are not gzip`);
  if (!isUtf8(content) || content.includes(0)) {
    throw badUpload(`Neither UTF-8 text nor a gzip tarball: ${WHAT_IS_TAKEN}`);
  }
  const path = JAVASCRIPT_TYPES.has(mediaType) ? "main.js" : "main.ts";
  return { type: "file", files: new UploadFiles(new Map([[path, content]])), path };
}

const WHAT_IS_TAKEN =
  "upload one .ts or .js file, or a gzip tarball (what `npm pack` makes, or `tar -czf`), as the body itself (`curl -T`)";

/** What other files begin with. */
const SIGNATURES: readonly [kind: string, signature: Buffer, offset: number][] = [
  ["a zip archive", Buffer.from("PK\u0003\u0004"), 0],
  ["a tarball that is not compressed", Buffer.from("ustar"), 257],
  ["compressed with zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 0],
  ["compressed with xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), 0],
  ["compressed with bzip2", Buffer.from("BZh"), 0],
  ["UTF-16 text", Buffer.from([0xff, 0xfe]), 0],
  ["UTF-16 text", Buffer.from([0xfe, 0xff]), 0],
  ["a native program", Buffer.from("\u007fELF"), 0],
  ["a WebAssembly module", Buffer.from("\0asm"), 0],
];

/** What the upload is, when it clearly is something else than what is taken. */
function otherKind(content: Uint8Array, mediaType: string): string | undefined {
  const signed = SIGNATURES.find(([, signature, offset]) =>
    signature.equals(content.subarray(offset, offset + signature.length)),
  );
  if (signed !== undefined) return signed[0];
  const text = Buffer.from(content.subarray(0, 1024))
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if (mediaType === "multipart/form-data" || /^--\S+\r\ncontent-disposition: form-data/i.test(text)) {
    return "a form, as `curl -F` sends it";
  }
  if (/^(?:<!doctype html|<html)\b/i.test(text)) return "an HTML page";
  if (/^#!.*\bpython|^(?:#.*\n\s*)*(?:from \w[\w.]* import |def \w+\()/.test(text)) return "a Python program";
  return undefined;
}
