import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OpenSessions } from "../session/mod.ts";
import { digestOf, parseDigest } from "./digest.ts";
import { readAll, requestBlob } from "./source.ts";

/** Texts kept in memory, in characters: the few binaries that are in use at a time. */
const MEMORY_CHARACTERS = 64 * 1024 * 1024;

/** A bundle or source map larger than this is not one. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/** Opens the cache of bundles and source maps in a directory that several nodes may share. */
export async function openBlobCache(sessions: OpenSessions, { dataDir }: { dataDir: string }): Promise<BlobCache> {
  const directory = join(dataDir, "blobs");
  await mkdir(directory, { recursive: true });
  return new BlobCache(sessions, directory);
}

/** Bundles and source maps by their digest: from memory, else from disk, else from a gateway. */
export class BlobCache {
  readonly #sessions: OpenSessions;
  readonly #directory: string;
  /** By digest, the one used last at the end. */
  readonly #texts = new Map<string, string>();
  readonly #loading = new Map<string, Promise<string>>();
  #characters = 0;

  constructor(sessions: OpenSessions, directory: string) {
    this.#sessions = sessions;
    this.#directory = directory;
  }

  /** Rejects when no gateway has it, none can be reached, or what they have is not what the digest says. */
  async text(digest: string): Promise<string> {
    const known = this.#texts.get(digest);
    if (known !== undefined) {
      this.#texts.delete(digest);
      this.#texts.set(digest, known);
      return known;
    }
    let loading = this.#loading.get(digest);
    if (loading === undefined) {
      loading = this.#load(digest).finally(() => this.#loading.delete(digest));
      this.#loading.set(digest, loading);
    }
    return loading;
  }

  async #load(digest: string): Promise<string> {
    const name = parseDigest(digest);
    if (name === undefined) throw new Error(`Cannot load blob "${digest}": that is no digest`);
    const path = join(this.#directory, name);
    const bytes = (await readVerified(path, digest)) ?? (await this.#fetch(path, digest));
    const text = bytes.toString();
    this.#remember(digest, text);
    return text;
  }

  async #fetch(path: string, digest: string): Promise<Buffer> {
    const bytes = await requestBlob(this.#sessions, { $case: "digest", value: digest }, async (content) => {
      const all = await readAll(content, { limitBytes: LARGEST_BYTES });
      if (digestOf(all) !== digest) throw new Error(`The gateway sent other bytes for "${digest}"`);
      return all;
    });
    const temporary = `${path}.${crypto.randomUUID()}`;
    try {
      await writeFile(temporary, bytes);
      // A rename is atomic: whoever looks meanwhile finds none or a whole one.
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    return bytes;
  }

  #remember(digest: string, text: string): void {
    this.#texts.set(digest, text);
    this.#characters += text.length;
    for (const [oldest, { length }] of this.#texts) {
      if (this.#characters <= MEMORY_CHARACTERS || this.#texts.size === 1) return;
      this.#texts.delete(oldest);
      this.#characters -= length;
    }
  }
}

/** Undefined when it is not there, or not what it should be: a disk may have lost a part. */
async function readVerified(path: string, digest: string): Promise<Buffer | undefined> {
  try {
    const bytes = await readFile(path);
    return digestOf(bytes) === digest ? bytes : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
