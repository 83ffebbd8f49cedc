import { SIGNATURE, viewOf } from "./signatures.ts";
import { damaged } from "./zip_error.ts";

const END_BYTES = 22;
const LOCATOR64_BYTES = 20;
const MOST_COMMENT_BYTES = 0xffff;
const CENTRAL_BYTES = 46;

/** Placeholder for a value that is in the ZIP64 field. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 0x0001;
const UNICODE_PATH_FIELD = 0x7075;

const FLAG_UTF8 = 0x0800;

/** A header of the central directory. */
export interface ZipEntry {
  readonly name: string;
  /** The system that created it. */
  readonly system: number;
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly localOffset: number;
  /** External attributes; Unix stores the mode in their upper half. */
  readonly attributes: number;
}

interface DirectoryOptions {
  /** Number of bytes of the directory after which to stop. Default: all. */
  readonly directoryBytes?: number;
}

/** The entries in the central directory, without unpacking anything. Throws a ZipError if it is not readable. */
export function* zipEntries(
  content: Uint8Array,
  { directoryBytes = Number.POSITIVE_INFINITY }: DirectoryOptions = {},
): Generator<ZipEntry> {
  const view = viewOf(content);
  const start = centralOffset(view);
  let at = start;
  while (at + CENTRAL_BYTES <= content.length && view.getUint32(at, true) === SIGNATURE.central) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const nameEnd = at + CENTRAL_BYTES + (nameBytes ?? 0);
    const extraEnd = nameEnd + (extraBytes ?? 0);
    if (extraEnd > content.length) throw damaged("its directory is cut off");
    yield centralHeader(view, at, {
      name: content.subarray(at + CENTRAL_BYTES, nameEnd),
      extra: content.subarray(nameEnd, extraEnd),
    });
    at = extraEnd + (commentBytes ?? 0);
    if (at - start >= directoryBytes) return;
  }
  if (at + 4 > content.length || ![SIGNATURE.end, SIGNATURE.end64].includes(view.getUint32(at, true))) {
    throw damaged("its directory does not end where it should");
  }
}

function centralHeader(view: DataView, at: number, { name, extra }: { name: Uint8Array; extra: Uint8Array }): ZipEntry {
  const flags = view.getUint16(at + 8, true);
  // ZIP64 has the values that do not fit into 32 bits, in this order.
  const large = extraField(extra, ZIP64_FIELD) ?? new Uint8Array();
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
    name: nameOf(name, flags, extraField(extra, UNICODE_PATH_FIELD)),
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

/** Windows uses backslashes as separators. A name that is not UTF-8 uses some code page; its ASCII characters are right. */
function nameOf(bytes: Uint8Array, flags: number, unicodePath: Uint8Array | undefined): string {
  // The field begins with a version and the checksum of the other name.
  const utf8 = unicodePath?.subarray(5) ?? bytes;
  const text = Buffer.from(utf8).toString("utf8");
  const isUtf8 = (flags & FLAG_UTF8) !== 0 || unicodePath !== undefined || !text.includes("\ufffd");
  return (isUtf8 ? text : Buffer.from(bytes).toString("latin1")).replaceAll("\\", "/");
}

/** The last extra field with this id. */
function extraField(extra: Uint8Array, wanted: number): Uint8Array | undefined {
  const view = viewOf(extra);
  let found: Uint8Array | undefined;
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === wanted) found = extra.subarray(at + 4, end);
    at = end;
  }
  return found;
}

/** Offset of the central directory. */
function centralOffset(view: DataView): number {
  const end = endOffset(view);
  const offset = view.getUint32(end + 16, true);
  const locator = end - LOCATOR64_BYTES;
  if (locator < 0 || view.getUint32(locator, true) !== SIGNATURE.locator64) return offset;
  const end64 = Number(view.getBigUint64(locator + 8, true));
  if (end64 + 56 > view.byteLength || view.getUint32(end64, true) !== SIGNATURE.end64) throw damaged("it has no end");
  return Number(view.getBigUint64(end64 + 48, true));
}

/** Offset of the end record; a comment of any text may follow it. */
function endOffset(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MOST_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) !== SIGNATURE.end) continue;
    if (at + END_BYTES + view.getUint16(at + 20, true) <= view.byteLength) return at;
  }
  throw damaged("it has no end");
}
