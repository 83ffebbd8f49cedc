import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseDigest } from "./digest.ts";

/** When it is full, it is emptied to this share of its limit, so that not each arrival has to look through it. */
const SHARE_LEFT = 0.9;

/** A half-written file that does not change for this time was left by a process that was killed, in milliseconds. */
const ABANDONED_MS = 3600_000;

interface BlobFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** A file in one state, since a time on the clock of the process. */
interface Sighting {
  readonly state: string;
  readonly sinceMs: number;
}

interface BlobFolderOptions {
  readonly maxBytes: number;
  /** Default an hour. */
  readonly abandonedMs?: number | undefined;
}

/** Opens a folder of blobs, which several nodes of one machine may share, and bounds what an earlier process left there. */
export async function openBlobFolder(directory: string, options: BlobFolderOptions): Promise<BlobFolder> {
  await mkdir(directory, { recursive: true });
  const folder = new BlobFolder(directory, options);
  await folder.prune();
  return folder;
}

/**
 * Blobs as files named by their digest. What was used longest ago goes when they take more than their limit together, but for
 * what is held. A file's time of access is when it was used, set here because file systems do not keep it well.
 */
export class BlobFolder {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #abandonedMs: number;
  /** How often each name is held. */
  readonly #holds = new Map<string, number>();
  /** The state in which a file was found to be what its name says. */
  readonly #intact = new Map<string, string>();
  /** As of the last look, and what arrived since. */
  #bytes = 0;
  #pruning: Promise<void> | undefined;
  /** Files that somebody writes, or wrote: in which state each was seen, and since when. The age of a file is of no use, as the clock may leap. */
  #halfWritten: ReadonlyMap<string, Sighting> = new Map();
  #listedAtMs = 0;

  constructor(directory: string, { maxBytes, abandonedMs = ABANDONED_MS }: BlobFolderOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#abandonedMs = abandonedMs;
  }

  /** Whether it is there and is what its digest says: a disk may have lost a part. */
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

  /** Opens one that is there; the file stays readable when it is removed meanwhile. The caller closes it. */
  async open(digest: string): Promise<FileHandle> {
    const { path } = this.#place(digest);
    const file = await open(path);
    const { mtime } = await file.stat();
    await file.utimes(new Date(), mtime);
    return file;
  }

  /** Resolves when the content is on disk as a whole. Rejects, and keeps nothing, when it is not what the digest says. */
  async add(digest: string, content: ReadableStream<Uint8Array>): Promise<void> {
    const { name, path } = this.#place(digest);
    const temporary = `${path}.${crypto.randomUUID()}`;
    const hash = createHash("sha256");
    try {
      await pipeline(content, hashed(hash), createWriteStream(temporary));
      if (hash.digest("hex") !== name) throw new Error(`The gateway sent other bytes for "${digest}"`);
      const written = await stat(temporary);
      // A rename is atomic: whoever looks meanwhile finds none or a whole one.
      await rename(temporary, path);
      this.#intact.set(name, stateOf(written));
      this.#bytes += written.size;
    } finally {
      await rm(temporary, { force: true });
    }
    if (this.#bytes > this.#maxBytes || performance.now() - this.#listedAtMs > this.#abandonedMs) await this.prune();
  }

  /** Keeps a blob from being removed by this process until it is disposed, whether it is there or still to come. */
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

  /** Removes what was used longest ago when there is more than the limit. */
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

  /** All blobs; removes on the way what was left half-written. */
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
    if (name === undefined) throw new Error(`Cannot load blob "${digest}": that is no digest`);
    return { name, path: join(this.#directory, name) };
  }
}

/** Changes when the content does, and not when it is read. */
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
