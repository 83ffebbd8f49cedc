import { Readable } from "node:stream";
import type { OpenSessions } from "../session/mod.ts";
import { type BlobFolder, openBlobFolder } from "./folder.ts";
import { type BlobLease, createLease } from "./lease.ts";
import { requestBlob } from "./source.ts";
import { createTexts, type Texts } from "./texts.ts";

/** A bundle or source map larger than this is not one. */
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
  /** By digest, those that are looked for on disk or fetched. */
  readonly #coming = new Map<string, Promise<void>>();

  constructor(sessions: OpenSessions, folder: BlobFolder) {
    this.#sessions = sessions;
    this.#folder = folder;
    this.#texts = createTexts((digest) => this.#read(digest));
  }

  /** Rejects when no gateway has it, none can be reached, or what they have is not what the digest says. */
  text(digest: string): Promise<string> {
    return this.#texts.get(digest);
  }

  /** The content from its beginning, when it is on disk as a whole; held there until it is read or cancelled. Rejects as `text`. */
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

  /** Reads for one context, and holds on disk what that used last. */
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

  /** Resolves when it is on disk. Whoever asks meanwhile waits for the same. */
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
