import { Readable } from "node:stream";
import type { OpenSessions } from "../session/mod.ts";
import { type BlobFolder, openBlobFolder } from "./folder.ts";
import { type BlobLease, createLease } from "./lease.ts";
import { requestBlob } from "./source.ts";
import { createTexts, type Texts } from "./texts.ts";

/** Largest bundle or source map, in bytes. */
const LARGEST_TEXT_BYTES = 256 * 1024 * 1024;

/** Opens the cache in a directory that several nodes of one machine may share. */
export async function openBlobCache(
  sessions: OpenSessions,
  { directory, cacheBytes }: { directory: string; cacheBytes: number },
): Promise<BlobCache> {
  return new BlobCache(sessions, await openBlobFolder(directory, { maxBytes: cacheBytes }));
}

/** Bundles, source maps and data files by their digest: from memory, else from disk, else from a gateway. */
export class BlobCache {
  readonly #sessions: OpenSessions;
  readonly #folder: BlobFolder;
  readonly #texts: Texts;
  /** Pending blobs by digest. */
  readonly #coming = new Map<string, Promise<void>>();

  constructor(sessions: OpenSessions, folder: BlobFolder) {
    this.#sessions = sessions;
    this.#folder = folder;
    this.#texts = createTexts((digest) => this.#read(digest));
  }

  /** Rejects when no gateway has the blob, none can be reached, or the content does not match the digest. */
  text(digest: string): Promise<string> {
    return this.#texts.get(digest);
  }

  /** Opens a blob once it is complete on disk. It stays there until it is read or cancelled. Rejects as `text`. */
  async open(digest: string): Promise<ReadableStream<Uint8Array>> {
    using stack = new DisposableStack();
    stack.use(this.#folder.hold(digest));
    await this.#arrived(digest);
    const file = await this.#folder.open(digest);
    const content = file.createReadStream();
    const held = stack.move();
    content.once("close", () => held.dispose());
    return Readable.toWeb(content);
  }

  /** Creates a lease for one context, which holds the blobs that it used last on disk. */
  lease(): BlobLease {
    return createLease({
      text: (digest) => this.text(digest),
      open: (digest) => this.open(digest),
      hold: (digest) => this.#folder.hold(digest),
    });
  }

  async #read(digest: string): Promise<string> {
    using _ = this.#folder.hold(digest);
    await this.#arrived(digest);
    await using file = await this.#folder.open(digest);
    const { size } = await file.stat();
    if (size > LARGEST_TEXT_BYTES) throw new Error(`Blob "${digest}" is larger than ${LARGEST_TEXT_BYTES} bytes`);
    return file.readFile("utf8");
  }

  /** Resolves when the blob is on disk. Concurrent calls share one fetch. */
  #arrived(digest: string): Promise<void> {
    const coming = this.#coming.get(digest) ?? this.#fetch(digest).finally(() => this.#coming.delete(digest));
    this.#coming.set(digest, coming);
    return coming;
  }

  async #fetch(digest: string): Promise<void> {
    if (await this.#folder.has(digest)) return;
    await requestBlob(this.#sessions, { $case: "digest", value: digest }, (content) =>
      this.#folder.add(digest, content),
    );
  }
}
