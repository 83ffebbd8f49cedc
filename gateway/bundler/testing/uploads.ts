/** Fixtures for tests of the bundler: archives as tools create them, and bundles as programs. */
import { buffer } from "node:stream/consumers";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { BundleError, type Bundler } from "../mod.ts";

export type TarEntry = readonly [header: Parameters<Pack["entry"]>[0] | string, content?: string | Uint8Array];

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const link = (name: string, linkname: string): TarEntry => [{ name, type: "symlink", linkname }];

/** An uncompressed tarball. */
export async function tar(entries: readonly TarEntry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, content = ""] of entries) {
    tar.entry(typeof header === "string" ? { name: header } : header, content as string | Buffer);
  }
  tar.finalize();
  return await buffer(tar);
}

export async function tgz(entries: readonly TarEntry[]): Promise<Uint8Array> {
  return gzipSync(await tar(entries));
}

/** One file of a zip archive; the defaults are those of Info-ZIP. */
export interface ZipEntry {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  readonly isStored?: boolean;
  /** Unix mode; without it the archive is one of Windows. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  /** Size in the headers, right or wrong. */
  readonly sizeBytes?: number;
  readonly checksum?: number;
  readonly extra?: Uint8Array;
  /** Whether sizes and offset are in the ZIP64 field. */
  readonly isZip64?: boolean;
  /** Whether it shares the bytes of the previous entry, as in a zip bomb. */
  readonly isOverlapping?: boolean;
}

/** Creates a zip archive, which may be invalid. */
export function zip(entries: readonly ZipEntry[], { comment = "" }: { readonly comment?: string } = {}): Uint8Array {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  let before = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content ?? "");
    const data = entry.isStored ? content : deflateRawSync(content);
    const fixed = fixedFields(entry, { content, data });
    const at = entry.isOverlapping ? before : offset;
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    fixed.copy(header, 4);
    header.writeUInt16LE(name.length, 26);
    if (!entry.isOverlapping) {
      local.push(header, name, data);
      offset += header.length + name.length + data.length;
      before = at;
    }
    central.push(centralHeader(entry, { name, fixed, at, sizes: [entry.sizeBytes ?? content.length, data.length] }));
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const at of [8, 10]) end.writeUInt16LE(entries.length, at);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([...local, directory, end, Buffer.from(comment)]);
}

/** Fields that both headers contain, from the version on. */
function fixedFields(entry: ZipEntry, { content, data }: { content: Buffer; data: Buffer }): Buffer {
  const fixed = Buffer.alloc(22);
  fixed.writeUInt16LE(20, 0);
  fixed.writeUInt16LE(entry.flags ?? 0, 2);
  fixed.writeUInt16LE(entry.method ?? (entry.isStored ? 0 : 8), 4);
  fixed.writeUInt32LE(entry.checksum ?? crc32(content), 10);
  fixed.writeUInt32LE(entry.isZip64 ? 0xffffffff : data.length, 14);
  fixed.writeUInt32LE(entry.isZip64 ? 0xffffffff : (entry.sizeBytes ?? content.length), 18);
  return fixed;
}

function centralHeader(
  { mode, isZip64, extra: ownExtra = new Uint8Array() }: ZipEntry,
  { name, fixed, at, sizes }: { name: Buffer; fixed: Buffer; at: number; sizes: readonly number[] },
): Buffer {
  const zip64 = Buffer.alloc(isZip64 ? 28 : 0);
  if (isZip64) {
    zip64.writeUInt16LE(1, 0);
    zip64.writeUInt16LE(24, 2);
    for (const [index, value] of [...sizes, at].entries()) zip64.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  }
  const extra = Buffer.concat([zip64, ownExtra]);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt8(mode === undefined ? 0 : 3, 5);
  fixed.copy(header, 6);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(((mode ?? 0) << 16) >>> 0, 38);
  header.writeUInt32LE(isZip64 ? 0xffffffff : at, 42);
  return Buffer.concat([header, name, extra]);
}

/** Imports a bundle as a module. */
export function load(bundle: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`);
}

/** Result of each entry point of an upload, called as the sandbox calls it. */
export async function runAll(bundle: string, entryPoints: readonly string[]): Promise<Record<string, unknown>> {
  const module = await load(bundle);
  const results: Record<string, unknown> = {};
  for (const name of entryPoints) {
    const [path, inner] = name.split("#", 2);
    const scope = inner === undefined ? module : (module[path ?? ""] as Record<string, unknown>);
    const job = scope[inner ?? name] as { run: () => unknown } | (() => unknown);
    results[name] = typeof job === "function" ? await job() : await job.run();
  }
  return results;
}

/** The error message of a rejected upload. Throws if it is accepted. */
export async function refusal(bundler: Bundler, content: Uint8Array, contentType?: string): Promise<string> {
  const error: unknown = await bundler.bundle(content, { contentType }).then(
    ({ bundle }) => new Error(`It was bundled: ${bundle}`),
    (thrown) => thrown,
  );
  if (!(error instanceof BundleError)) throw error;
  return error.message;
}
