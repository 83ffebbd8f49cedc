import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseDigest } from "./digest.ts";

/** Share of the limit to which a full folder is emptied, so that not every arrival scans it. */
const SHARE_LEFT = 0.9;

/** Time without changes after which a partial file counts as left by a killed process, in milliseconds. */
const ABANDONED_MS = 3600_000;

interface BlobFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** The state of a file, and when it was first seen, on the clock of `performance.now()`. */
interface Sighting {
  readonly state: string;
  readonly sinceMs: number;
}

interface BlobFolderOptions {
  readonly maxBytes: number;
  /** Default: one hour. */
  readonly abandonedMs?: number | undefined;
}

/** Opens a folder of blobs, which several nodes of one machine may share, and bounds what it contains. */
export async function openBlobFolder(directory: string, options: BlobFolderOptions): Promise<BlobFolder> {
  await mkdir(directory, { recursive: true });
  const folder = new BlobFolder(directory, options);
  await folder.prune();
  return folder;
}

/**
 * Blobs as files named by their digest. When they exceed their limit, the least recently used ones that are not held are removed. The
 * access time of a file is set explicitly, because file systems do not maintain it reliably.
 */
export class BlobFolder {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #abandonedMs: number;
  /** Number of holds by name. */
  readonly #holds = new Map<string, number>();
  /** The state in which a file was found to match its name. */
  readonly #intact = new Map<string, string>();
  /** Size at the last scan plus later arrivals. */
  #bytes = 0;
  #pruning: Promise<void> | undefined;
  /** Partial files: the last state of each, and when it was first seen. The age of a file is unreliable, because clocks change. */
  #halfWritten: ReadonlyMap<string, Sighting> = new Map();
  #listedAtMs = 0;

  constructor(directory: string, { maxBytes, abandonedMs = ABANDONED_MS }: BlobFolderOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#abandonedMs = abandonedMs;
  }

  /** Whether the blob exists and matches its digest: a disk may have lost a part. */
  async has(digest: string): Promise<boolean> {
    const { name, path } = this.#place(digest);
    const found = await stat(path, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (this.#intact.get(name) === stateOf(found)) return true;
    const hash = createHash("sha256");
    for await (const part of createReadStream(path)) hash.update(part);
    if (hash.digest("hex") !== name) return false;
    this.#intact.set(name, stateOf(found));
    return true;
  }

  /** Opens a blob. It stays readable when it is removed meanwhile. The caller closes it. */
  async open(digest: string): Promise<FileHandle> {
    const { path } = this.#place(digest);
    const file = await open(path);
    const { mtime } = await file.stat();
    await file.utimes(new Date(), mtime);
    return file;
  }

  /** Stores content. Resolves when it is complete on disk. Rejects, and keeps nothing, when it does not match the digest. */
  async add(digest: string, content: ReadableStream<Uint8Array>): Promise<void> {
    const { name, path } = this.#place(digest);
    const temporary = `${path}.${crypto.randomUUID()}`;
    const hash = createHash("sha256");
    try {
      await pipeline(content, hashed(hash), createWriteStream(temporary));
      if (hash.digest("hex") !== name) throw new Error(`The gateway sent content that does not match "${digest}"`);
      const written = await stat(temporary);
      // A rename is atomic: readers find no file or a complete one.
      await rename(temporary, path);
      this.#intact.set(name, stateOf(written));
      this.#bytes += written.size;
    } finally {
      await rm(temporary, { force: true });
    }
    if (this.#bytes > this.#maxBytes || performance.now() - this.#listedAtMs > this.#abandonedMs) await this.prune();
  }

  /** Protects a blob, present or future, from removal by this process until disposal. */
  hold(digest: string): Disposable {
    const { name } = this.#place(digest);
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const others = (this.#holds.get(name) ?? 1) - 1;
        if (others > 0) this.#holds.set(name, others);
        else this.#holds.delete(name);
      },
    };
  }

  /** Removes the least recently used blobs beyond the limit. */
  prune(): Promise<void> {
    this.#pruning ??= this.#prune().finally(() => {
      this.#pruning = undefined;
    });
    return this.#pruning;
  }

  async #prune(): Promise<void> {
    const files = await this.#list();
    this.#bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (this.#bytes <= this.#maxBytes) return;
    for (const { name, sizeBytes } of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (this.#bytes <= this.#maxBytes * SHARE_LEFT) return;
      if (this.#holds.has(name)) continue;
      await rm(join(this.#directory, name), { force: true });
      this.#intact.delete(name);
      this.#bytes -= sizeBytes;
    }
  }

  /** Lists all blobs. Removes abandoned partial files on the way. */
  async #list(): Promise<BlobFile[]> {
    const now = performance.now();
    this.#listedAtMs = now;
    const files: BlobFile[] = [];
    const halfWritten = new Map<string, Sighting>();
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const found = await stat(path, { throwIfNoEntry: false });
      if (found === undefined) continue;
      const isWhole = parseDigest(`sha256:${name}`) !== undefined;
      if (isWhole) files.push({ name, sizeBytes: found.size, usedAtMs: found.atimeMs });
      else {
        const state = stateOf(found);
        const before = this.#halfWritten.get(name);
        const sighting = before?.state === state ? before : { state, sinceMs: now };
        if (now - sighting.sinceMs > this.#abandonedMs) await rm(path, { force: true });
        else halfWritten.set(name, sighting);
      }
    }
    this.#halfWritten = halfWritten;
    return files;
  }

  #place(digest: string): { name: string; path: string } {
    const name = parseDigest(digest);
    if (name === undefined) throw new Error(`Cannot load blob "${digest}": it is not a digest`);
    return { name, path: join(this.#directory, name) };
  }
}

/** Changes with the content, not when it is read. */
function stateOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

function hashed(hash: ReturnType<typeof createHash>) {
  return async function* (content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const part of content) {
      hash.update(part);
      yield part;
    }
  };
}
