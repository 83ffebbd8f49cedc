import type { BlobChunk, BlobRequest } from "../../proto/node.ts";

const CHUNK_BYTES = 64 * 1024;

/** Time without a chunk after which a peer is considered silent, in milliseconds. */
const SILENCE_MS = 30_000;

/** The name of a blob in a request. */
export type BlobName = NonNullable<BlobRequest["blob"]>;

/** The peer responded that it does not have a blob, or cannot send it. */
export class ContentRefused extends Error {
  override readonly name = "ContentRefused";
}

/** A blob that was requested as a whole. */
export interface CollectedBlob {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

type BlobMessage =
  | { readonly $case: "blobRequest"; readonly value: BlobRequest }
  | { readonly $case: "blobChunk"; readonly value: BlobChunk };

interface BlobFrames {
  send(message: BlobMessage): void;
  /** Resolves when the session accepts more. */
  ready(): Promise<void>;
}

/** Receiver of the chunks of one request. */
interface Incoming {
  take(chunk: BlobChunk): void;
  end(): void;
  fail(reason: Error): void;
}

/** Content that travels on a session in chunks, both ways, among the other messages. */
export class BlobStreams {
  readonly #frames: BlobFrames;
  readonly #incoming = new Map<number, Incoming>();
  #lastRequestId = 0;
  /** The reason for which the session ended. */
  #closed: Error | undefined;

  constructor(frames: BlobFrames) {
    this.#frames = frames;
  }

  /**
   * Requests a blob. The stream buffers all chunks, so read it at once. It errors with a ContentRefused when the peer does not have the blob,
   * and with another error when the peer is silent or the session ends.
   */
  request(
    blob: BlobName,
    { silenceMs = SILENCE_MS }: { silenceMs?: number | undefined } = {},
  ): ReadableStream<Uint8Array> {
    const requestId = ++this.#lastRequestId;
    let silence: NodeJS.Timeout | undefined;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (this.#closed !== undefined) throw this.#closed;
        silence = setTimeout(() => {
          this.#incoming.delete(requestId);
          controller.error(new Error(`No data of ${blob.$case} ${blob.value} for ${silenceMs} ms`));
        }, silenceMs);
        this.#incoming.set(requestId, {
          take: ({ bytes }) => {
            silence?.refresh();
            if (bytes.length > 0) controller.enqueue(bytes);
          },
          end: () => {
            clearTimeout(silence);
            controller.close();
          },
          fail: (reason) => {
            clearTimeout(silence);
            controller.error(reason);
          },
        });
        this.#frames.send({ $case: "blobRequest", value: { requestId, blob } });
      },
      cancel: () => {
        clearTimeout(silence);
        this.#incoming.delete(requestId);
      },
    });
  }

  /**
   * Requests a blob and resolves with all of it, however long the peer takes. Rejects with a ContentRefused when the peer does not have it,
   * and when the session ends or the signal is aborted.
   */
  async collect(blob: BlobName, { signal }: { readonly signal: AbortSignal }): Promise<CollectedBlob> {
    signal.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const requestId = ++this.#lastRequestId;
    const { promise, resolve, reject } = Promise.withResolvers<CollectedBlob>();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    const chunks: Uint8Array[] = [];
    let mediaType = "";
    this.#incoming.set(requestId, {
      take(chunk) {
        chunks.push(chunk.bytes);
        mediaType = chunk.mediaType;
      },
      end: () => resolve({ mediaType, bytes: Buffer.concat(chunks) }),
      fail: reject,
    });
    this.#frames.send({ $case: "blobRequest", value: { requestId, blob } });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#incoming.delete(requestId);
    }
  }

  /** Receives a chunk from the peer. */
  receive(chunk: BlobChunk): void {
    const incoming = this.#incoming.get(chunk.requestId);
    if (incoming === undefined) return;
    const isOver = chunk.last || chunk.error !== "";
    if (isOver) this.#incoming.delete(chunk.requestId);
    if (chunk.error !== "") return incoming.fail(new ContentRefused(chunk.error));
    incoming.take(chunk);
    if (isOver) incoming.end();
  }

  /**
   * Sends the content that the peer requested, or an error if it is undefined. Stops, and closes the content, when the session ends. Rejects
   * when reading the content fails.
   */
  async send(
    requestId: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined,
    { mediaType = "" }: { readonly mediaType?: string } = {},
  ): Promise<void> {
    if (content === undefined) return this.fail(requestId, "no such content");
    for await (const part of content) {
      for (let start = 0; start < part.length; start += CHUNK_BYTES) {
        await this.#frames.ready();
        if (this.#closed !== undefined) return;
        this.#chunk({ requestId, bytes: part.subarray(start, start + CHUNK_BYTES), mediaType, last: false, error: "" });
      }
    }
    this.#chunk({ requestId, bytes: new Uint8Array(), mediaType, last: true, error: "" });
  }

  /** Sends an error in response to a request. */
  fail(requestId: number, error: string): void {
    this.#chunk({ requestId, bytes: new Uint8Array(), mediaType: "", last: true, error });
  }

  /** Ends all requests: the session is over. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const incoming of this.#incoming.values()) incoming.fail(reason);
    this.#incoming.clear();
  }

  #chunk(chunk: BlobChunk): void {
    this.#frames.send({ $case: "blobChunk", value: chunk });
  }
}
