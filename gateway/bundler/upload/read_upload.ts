import { isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import type { BundlerLimits } from "../bundler_limits.ts";
import { BundleError, badUpload } from "../problem.ts";
import { ACCEPTED_UPLOADS, binaryKind, JAVA_ARCHIVE, zipKind } from "./content_kinds.ts";
import { isTar, readTarball } from "./tarball.ts";
import { UploadFiles } from "./upload_files.ts";
import { isZip, readZip, zipNames } from "./zip.ts";

/** One source file, under its name in messages and stack traces; or the content of an archive. */
export type Upload =
  | { readonly type: "file"; readonly files: UploadFiles; readonly path: string }
  | { readonly type: "folder"; readonly files: UploadFiles };

/** Names of single files by media type; the default is `main.ts`. */
const NAMES_BY_TYPE: ReadonlyMap<string, string> = new Map([
  ["application/javascript", "main.js"],
  ["application/ecmascript", "main.js"],
  ["application/x-javascript", "main.js"],
  ["text/javascript", "main.js"],
  ["text/ecmascript", "main.js"],
  ["text/jsx", "main.jsx"],
  ["text/tsx", "main.tsx"],
]);

/** Media types of archives and compressed content. */
const PACKED_TYPES: ReadonlyMap<string, string> = new Map([
  ["application/gzip", "gzip"],
  ["application/x-gzip", "gzip"],
  ["application/x-tgz", "gzip"],
  ["application/x-compressed-tar", "gzip"],
  ["application/x-gtar", "a tarball"],
  ["application/x-tar", "a tarball"],
  ["application/tar", "a tarball"],
  ["application/zip", "a zip archive"],
  ["application/x-zip", "a zip archive"],
  ["application/x-zip-compressed", "a zip archive"],
]);

interface ReadOptions {
  readonly contentType: string | undefined;
  readonly limits: BundlerLimits;
}

/** Reads an upload; detects files and archives by their bytes. The content type distinguishes JavaScript from TypeScript. */
export async function readUpload(content: Uint8Array, { contentType, limits }: ReadOptions): Promise<Upload> {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (isGzip(content)) {
    const inner = gunzip(content, limits);
    const name = fileName(gzipName(content)) ?? NAMES_BY_TYPE.get(mediaType) ?? "main.ts";
    return (await readArchive(inner, limits)) ?? readCompressedFile(inner, name);
  }
  const archive = await readArchive(content, limits);
  if (archive !== undefined) return archive;
  const promised = PACKED_TYPES.get(mediaType);
  if (promised !== undefined) {
    throw badUpload(`The content type is ${mediaType}, but the bytes are not ${promised}: ${ACCEPTED_UPLOADS}`);
  }
  return readFile(content, NAMES_BY_TYPE.get(mediaType) ?? "main.ts");
}

/**
 * Whether bytes are an archive of a folder, by their first bytes, or for a zip archive by the names in it: the JVM and Python use zip
 * archives for programs. Unpacks nothing.
 */
export function isArchive(content: Uint8Array): boolean {
  return isGzip(content) || isTar(content) || (isZip(content) && kindOfZip(content) === "ours");
}

/** Whether bytes are a jar, by the names in it. Unpacks nothing. */
export function isJar(content: Uint8Array): boolean {
  return isZip(content) && kindOfZip(content) === JAVA_ARCHIVE;
}

/** Number of bytes of a zip directory that are read to detect its kind. */
const LOOKED_AT_BYTES = 1024 * 1024;

/** The kind of a zip archive by its first names; undefined if they are not readable. */
function kindOfZip(content: Uint8Array): string | undefined {
  try {
    return zipKind(zipNames(content, { directoryBytes: LOOKED_AT_BYTES })) ?? "ours";
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

/** Undefined if the bytes are not an archive. */
async function readArchive(content: Uint8Array, limits: BundlerLimits): Promise<Upload | undefined> {
  if (isTar(content)) return { type: "folder", files: await readTarball(content, limits) };
  if (!isZip(content)) return undefined;
  const other = zipKind(zipNames(content));
  if (other !== undefined) throw badUpload(`The upload is ${other}: ${ACCEPTED_UPLOADS}`);
  return { type: "folder", files: readZip(content, limits) };
}

function readFile(content: Uint8Array, path: string): Upload {
  if (!isUtf8(content) || content.includes(0)) {
    const kind = binaryKind(content);
    throw badUpload(
      `${kind ? `The upload is ${kind}` : "Neither UTF-8 text nor a gzip tarball nor a zip archive"}: ${ACCEPTED_UPLOADS}`,
    );
  }
  return { type: "file", files: new UploadFiles(new Map([[path, content]])), path };
}

/** Accepts compressed text that exports something, as a program does; other text was most likely a tarball. */
function readCompressedFile(content: Uint8Array, path: string): Upload {
  const file = readFile(content, path);
  if (/\bexports?\b/.test(Buffer.from(content).toString("utf8"))) return file;
  throw badUpload("The tarball is damaged: the compressed content is neither a tarball nor a program");
}

/** Whether the bytes begin with the signature of gzip (RFC 1952, section 2.3.1). */
function isGzip(content: Uint8Array): boolean {
  return content[0] === 0x1f && content[1] === 0x8b;
}

function gunzip(content: Uint8Array, { unpackedBytes }: BundlerLimits): Uint8Array {
  try {
    return gunzipSync(content, { maxOutputLength: unpackedBytes });
  } catch (error) {
    if (error instanceof RangeError) throw badUpload(`The tarball unpacks to more than ${unpackedBytes} bytes`);
    throw badUpload(`The gzip stream is damaged: ${error instanceof Error ? error.message : error}`);
  }
}

const GZIP_HEADER_BYTES = 10;
const GZIP_HAS_EXTRA = 4;
const GZIP_HAS_NAME = 8;

/** Name of the compressed file; undefined if the header has none. */
function gzipName(content: Uint8Array): string | undefined {
  const flags = content[3] ?? 0;
  if ((flags & GZIP_HAS_NAME) === 0) return undefined;
  const extraBytes = (flags & GZIP_HAS_EXTRA) === 0 ? 0 : 2 + (content[10] ?? 0) + 256 * (content[11] ?? 0);
  const start = GZIP_HEADER_BYTES + extraBytes;
  const end = content.indexOf(0, start);
  return end === -1 ? undefined : Buffer.from(content.subarray(start, end)).toString("latin1");
}

/** The name of a single file, with the extension of the author's name; undefined if that is not a module's. */
function fileName(authors: string | undefined): string | undefined {
  const [, extension] = /\.([mc]?[jt]s|[jt]sx)$/.exec(authors ?? "") ?? [];
  return extension === undefined ? undefined : `main.${extension}`;
}
