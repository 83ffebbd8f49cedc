import type { BlobChunk } from "../../proto/node.ts";
import type { FrameWriter } from "./frames.ts";

const CHUNK_BYTES = 64 * 1024;

/** A node that sends nothing of a blob for this time will not, in milliseconds. */
const SILENCE_MS = 30_000;

/** The node answered that it does not have a content, or cannot send it. Of a node that is silent nothing is known. */
export class ContentRefused extends Error {
  override readonly name = "ContentRefused";
}

/** Where an answer goes. */
interface Incoming {
  take(chunk: BlobChunk): void;
  end(): void;
  fail(reason: Error): void;
}

/** A part of a result that a job is making. */
export interface LivePart {
  readonly mediaType: string;
  /** Empty when the result is whole and ends before it. */
  readonly bytes: Uint8Array;
}

interface LiveRequest {
  readonly offset: number;
  /** Waits for a job that has begun no result yet to begin it. */
  readonly awaitBegin?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Contents that travel on a session beside everything else, in chunks, both ways. */
export class BlobStreams {
  readonly #frames: FrameWriter;
  readonly #incoming = new Map<number, Incoming>();
  #lastRequestId = 0;
  /** Why nothing more will come. */
  #closed: Error | undefined;

  constructor(frames: FrameWriter) {
    this.#frames = frames;
  }

  /** Asks the node for a blob. The stream errors with a ContentRefused when the node does not have it; else when it stays silent, or the session ends. */
  request(
    digest: string,
    { silenceMs = SILENCE_MS }: { silenceMs?: number | undefined } = {},
  ): ReadableStream<Uint8Array> {
    const requestId = ++this.#lastRequestId;
    let silence: NodeJS.Timeout;
    return new ReadableStream({
      start: (controller) => {
        if (this.#closed !== undefined) throw this.#closed;
        silence = setTimeout(() => {
          this.#incoming.delete(requestId);
          controller.error(new Error(`The node sent nothing of ${digest} for ${silenceMs} ms`));
        }, silenceMs);
        this.#incoming.set(requestId, {
          take: ({ bytes }) => {
            silence.refresh();
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
        this.#frames.send({ $case: "blobRequest", value: { requestId, blob: { $case: "digest", value: digest } } });
      },
      cancel: () => {
        clearTimeout(silence);
        this.#incoming.delete(requestId);
      },
    });
  }

  /**
   * What a job has made of its result after an offset, once there is something. Rejects with a ContentRefused when it has begun none, or, where
   * `awaitBegin`, ends without one, and when it ends before its result does; otherwise when the session ends, or the signal is aborted.
   */
  async readLive(jobId: string, { offset, awaitBegin = false, signal }: LiveRequest): Promise<LivePart> {
    signal.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const requestId = ++this.#lastRequestId;
    const { promise, resolve, reject } = Promise.withResolvers<LivePart>();
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
    this.#frames.send({
      $case: "blobRequest",
      value: { requestId, blob: { $case: "liveResult", value: { jobId, offset, awaitBegin } } },
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#incoming.delete(requestId);
    }
  }

  /** Takes a chunk that the node sent. */
  receive(chunk: BlobChunk): void {
    const incoming = this.#incoming.get(chunk.requestId);
    if (incoming === undefined) return;
    incoming.take(chunk);
    if (chunk.error !== "") incoming.fail(new ContentRefused(chunk.error));
    else if (chunk.last) incoming.end();
    if (chunk.last) this.#incoming.delete(chunk.requestId);
  }

  /**
   * Answers a node's request; an undefined content answers that there is none. Gives up, and closes the content, when the session ends.
   * Rejects when reading the content fails.
   */
  async send(requestId: number, content: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    if (content === undefined) {
      this.fail(requestId, "no such content");
      return;
    }
    for await (const part of content) {
      for (let start = 0; start < part.length; start += CHUNK_BYTES) {
        await this.#frames.ready();
        if (this.#closed !== undefined) return;
        this.#chunk({ requestId, bytes: part.subarray(start, start + CHUNK_BYTES), last: false });
      }
    }
    this.#chunk({ requestId, last: true });
  }

  /** Answers a node's request with an error. */
  fail(requestId: number, error: string): void {
    this.#chunk({ requestId, last: true, error });
  }

  /** The session is over: nothing more will come. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const incoming of this.#incoming.values()) incoming.fail(reason);
    this.#incoming.clear();
  }

  #chunk({
    requestId,
    last,
    bytes = new Uint8Array(),
    error = "",
  }: Pick<BlobChunk, "requestId" | "last"> & Partial<BlobChunk>): void {
    this.#frames.send({ $case: "blobChunk", value: { requestId, last, bytes, error, mediaType: "" } });
  }
}
