import { crc32, inflateRawSync } from "node:zlib";
import { type ArchiveEntry, createUnpacking } from "./archive.ts";
import type { BundlerLimits } from "./limits.ts";
import { badUpload } from "./problem.ts";
import type { UploadFiles } from "./upload_files.ts";

/** Signatures of records, as APPNOTE.TXT of PKWARE numbers them. */
const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const END_BYTES = 22;
const LOCATOR64_BYTES = 20;
const MOST_COMMENT_BYTES = 0xffff;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;

/** Stands where a value is in the ZIP64 field instead. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 0x0001;
const UNICODE_PATH_FIELD = 0x7075;

const FLAG_ENCRYPTED = 0x0001;
const FLAG_UTF8 = 0x0800;
const STORED = 0;
const DEFLATED = 8;

/** Systems that keep Unix modes in the upper half of the external attributes. */
const UNIX_SYSTEMS = new Set([3, 19]);
const FILE_TYPE_MASK = 0o170000;
const FILE_TYPES = new Map<number, "file" | "directory" | "symlink">([
  [0, "file"],
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "symlink"],
]);

/** One header of the central directory. */
interface Header {
  readonly name: string;
  readonly system: number;
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly localOffset: number;
  readonly attributes: number;
}

/** Whether the bytes begin with a local header, or with the end of an archive that has none. */
export function isZip(content: Uint8Array): boolean {
  const signature = content.length >= 4 ? viewOf(content).getUint32(0, true) : 0;
  return signature === SIGNATURE.local || signature === SIGNATURE.end;
}

/** Reads a zip archive by its central directory. All that it unpacks to is counted, also where entries share their bytes. */
export function readZip(content: Uint8Array, limits: BundlerLimits): UploadFiles {
  const unpacking = createUnpacking("zip archive", limits);
  let unpackedBytes = 0;
  for (const header of centralHeaders(content)) {
    const data = unpacked(content, header, { leftBytes: limits.unpackedBytes - unpackedBytes, limits });
    unpackedBytes += data.length;
    unpacking.add(toEntry(header, data));
  }
  return unpacking.finish();
}

/** The names that the central directory lists. Throws a BundleError when it cannot be read. */
export function* zipNames(content: Uint8Array): Generator<string> {
  for (const { name } of centralHeaders(content)) yield name;
}

function toEntry({ name, system, attributes }: Header, content: Uint8Array): ArchiveEntry {
  if (name.endsWith("/")) return { type: "directory", name };
  const mode = UNIX_SYSTEMS.has(system) ? attributes >>> 16 : 0;
  const type = FILE_TYPES.get(mode & FILE_TYPE_MASK);
  switch (type) {
    case "file":
      return { type, name, content };
    case "directory":
      return { type, name };
    case "symlink":
      return { type, name, target: Buffer.from(content).toString("utf8") };
    case undefined:
      return { type: "other", name, what: "a special file" };
    default:
      return type satisfies never;
  }
}

function* centralHeaders(content: Uint8Array): Generator<Header> {
  const view = viewOf(content);
  let at = centralOffset(view);
  while (at + CENTRAL_BYTES <= content.length && view.getUint32(at, true) === SIGNATURE.central) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const nameEnd = at + CENTRAL_BYTES + (nameBytes ?? 0);
    const extraEnd = nameEnd + (extraBytes ?? 0);
    if (extraEnd > content.length) throw damaged("its directory is cut off");
    yield centralHeader(view, at, {
      name: content.subarray(at + CENTRAL_BYTES, nameEnd),
      fields: extraFields(content.subarray(nameEnd, extraEnd)),
    });
    at = extraEnd + (commentBytes ?? 0);
  }
  if (at + 4 > content.length || ![SIGNATURE.end, SIGNATURE.end64].includes(view.getUint32(at, true))) {
    throw damaged("its directory does not end where it should");
  }
}

function centralHeader(
  view: DataView,
  at: number,
  { name, fields }: { name: Uint8Array; fields: ReadonlyMap<number, Uint8Array> },
): Header {
  const flags = view.getUint16(at + 8, true);
  // ZIP64 has those values that do not fit into 32 bits, in this order.
  const large = fields.get(ZIP64_FIELD) ?? new Uint8Array();
  let taken = 0;
  const value = (offset: number): number => {
    const small = view.getUint32(at + offset, true);
    if (small !== IN_ZIP64) return small;
    if (taken + 8 > large.length) throw damaged("a size is missing");
    taken += 8;
    return Number(viewOf(large).getBigUint64(taken - 8, true));
  };
  const sizeBytes = value(24);
  const compressedBytes = value(20);
  const localOffset = value(42);
  return {
    name: nameOf(name, flags, fields.get(UNICODE_PATH_FIELD)),
    system: view.getUint8(at + 5),
    flags,
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
    compressedBytes,
    sizeBytes,
    localOffset,
    attributes: view.getUint32(at + 38, true),
  };
}

/** Windows separates by backslashes. A name that is not UTF-8 has the characters of some code page; its ASCII is right. */
function nameOf(bytes: Uint8Array, flags: number, unicodePath: Uint8Array | undefined): string {
  // A version and the checksum of the other name come first.
  const utf8 = unicodePath?.subarray(5) ?? bytes;
  const text = Buffer.from(utf8).toString("utf8");
  const isUtf8 = (flags & FLAG_UTF8) !== 0 || unicodePath !== undefined || !text.includes("\ufffd");
  return (isUtf8 ? text : Buffer.from(bytes).toString("latin1")).replaceAll("\\", "/");
}

function extraFields(extra: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const view = viewOf(extra);
  const fields = new Map<number, Uint8Array>();
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    fields.set(view.getUint16(at, true), extra.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** Where the central directory begins. */
function centralOffset(view: DataView): number {
  const end = endOffset(view);
  const offset = view.getUint32(end + 16, true);
  const locator = end - LOCATOR64_BYTES;
  if (locator < 0 || view.getUint32(locator, true) !== SIGNATURE.locator64) return offset;
  const end64 = Number(view.getBigUint64(locator + 8, true));
  if (end64 + 56 > view.byteLength || view.getUint32(end64, true) !== SIGNATURE.end64) throw damaged("it has no end");
  return Number(view.getBigUint64(end64 + 48, true));
}

/** The record that ends the archive; a comment of any text may follow. */
function endOffset(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MOST_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) !== SIGNATURE.end) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) <= view.byteLength) return at;
  }
  throw damaged("it has no end");
}

function unpacked(
  content: Uint8Array,
  header: Header,
  { leftBytes, limits }: { leftBytes: number; limits: BundlerLimits },
): Uint8Array {
  const { name, flags, method, compressedBytes, sizeBytes, checksum } = header;
  const shown = JSON.stringify(name.slice(0, 100));
  if ((flags & FLAG_ENCRYPTED) !== 0) throw badUpload(`The zip archive holds ${shown}, which is encrypted`);
  const start = dataOffset(content, header);
  if (start + compressedBytes > content.length) throw damaged(`${shown} is cut off`);
  if (sizeBytes > leftBytes) throw badUpload(`The zip archive unpacks to more than ${limits.unpackedBytes} bytes`);
  const stored = content.subarray(start, start + compressedBytes);
  const data = decompressed(stored, { shown, method, sizeBytes });
  if (data.length !== sizeBytes || crc32(data) !== checksum) throw damaged(`${shown} differs from its checksum`);
  return data;
}

function decompressed(
  stored: Uint8Array,
  { shown, method, sizeBytes }: { shown: string; method: number; sizeBytes: number },
): Uint8Array {
  if (method === STORED) return stored;
  if (method !== DEFLATED) {
    throw badUpload(`The zip archive holds ${shown}, which is compressed by method ${method}: only Deflate is taken`);
  }
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (error) {
    throw damaged(`${shown}: ${error instanceof Error ? error.message : error}`);
  }
}

function dataOffset(content: Uint8Array, { localOffset, name }: Header): number {
  const view = viewOf(content);
  if (localOffset + LOCAL_BYTES > content.length || view.getUint32(localOffset, true) !== SIGNATURE.local) {
    throw damaged(`${JSON.stringify(name.slice(0, 100))} is not where the directory says`);
  }
  const nameBytes = view.getUint16(localOffset + 26, true);
  return localOffset + LOCAL_BYTES + nameBytes + view.getUint16(localOffset + 28, true);
}

function viewOf(content: Uint8Array): DataView {
  return new DataView(content.buffer, content.byteOffset, content.byteLength);
}

function damaged(why: string) {
  return badUpload(`The zip archive is damaged: ${why}`);
}
