import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";

/** Most bytes per read. */
const READ_BYTES = 256 * 1024;

/** Path and media type of the result. */
interface Keeping {
  readonly path: string;
  readonly mediaType: string;
  /** Largest size, in bytes. */
  readonly maxBytes: number;
}

/** Description of a finished result. */
export interface WholeResult {
  readonly path: string;
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A result that is written to a file while its job produces it, and can be read at the same time. */
export class LiveResult {
  readonly mediaType: string;
  /** A blob with the same content replaces it. */
  path: string;
  readonly #maxBytes: number;
  readonly #file: Promise<FileHandle>;
  readonly #hash = createHash("sha256");
  /** Resolves after pending writes. */
  #tail: Promise<void>;
  #acceptedBytes = 0;
  #writtenBytes = 0;
  #end: { readonly failure: Error | undefined } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor({ path, mediaType, maxBytes }: Keeping) {
    this.path = path;
    this.mediaType = mediaType;
    this.#maxBytes = maxBytes;
    this.#file = open(path, "wx");
    this.#tail = this.#file.then(() => {});
    // Error for the next write or the end.
    this.#tail.catch(() => {});
  }

  /** Appends a part. Resolves when it is written. Rejects when that fails, or the result becomes too large. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#acceptedBytes += bytes.length;
    if (this.#acceptedBytes > this.#maxBytes) {
      throw new Error(`The result has more than ${this.#maxBytes} bytes, which is the most that a job may return`);
    }
    const written = this.#tail.then(() => this.#append(bytes));
    this.#tail = written;
    await written;
  }

  /** Ends writing. Rejects when a write has failed. */
  async finish(): Promise<WholeResult> {
    await this.#tail;
    await (await this.#file).close();
    this.#notify({ failure: undefined });
    const { path, mediaType } = this;
    return { path, mediaType, digest: `sha256:${this.#hash.digest("hex")}`, sizeBytes: this.#writtenBytes };
  }

  /** Rejects all reads, and removes the file. */
  async abandon(failure: Error): Promise<void> {
    this.#notify({ failure });
    const [file] = await Promise.allSettled([this.#file, this.#tail]);
    if (file.status === "fulfilled") await file.value.close();
    await rm(this.path, { force: true });
  }

  /** Reads from an offset, once there is something; nothing at the end. Rejects when the result breaks off. */
  async read(offset: number): Promise<Uint8Array> {
    while (this.#end === undefined && offset >= this.#writtenBytes) await this.#changed.promise;
    if (this.#end?.failure !== undefined) throw this.#end.failure;
    const bytes = Buffer.alloc(Math.min(READ_BYTES, Math.max(0, this.#writtenBytes - offset)));
    if (bytes.length === 0) return bytes;
    await using file = await open(this.path);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytesRead);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await (await this.#file).appendFile(bytes);
    this.#hash.update(bytes);
    this.#writtenBytes += bytes.length;
    this.#notify(undefined);
  }

  #notify(end: { readonly failure: Error | undefined } | undefined): void {
    this.#end ??= end;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
