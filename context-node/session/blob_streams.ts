import type { BlobChunk, BlobRequest } from "../../proto/node.ts";
import type { FrameWriter } from "./frames.ts";

const CHUNK_BYTES = 64 * 1024;

/** A gateway that sends nothing of a blob for so long will not. */
const SILENCE_MS = 30_000;

export type BlobName = NonNullable<BlobRequest["blob"]>;

/** The other end has no such blob, and says so. */
export class BlobNotFound extends Error {
  override name = "BlobNotFound";
}

interface Incoming {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly silence: NodeJS.Timeout;
}

/** Contents that travel on a session beside everything else, in chunks, both ways. */
export class BlobStreams {
  readonly #frames: FrameWriter;
  readonly #incoming = new Map<number, Incoming>();
  #lastRequestId = 0;
  #isClosed = false;

  constructor(frames: FrameWriter) {
    this.#frames = frames;
  }

  /**
   * Asks the gateway for a blob. The stream takes all that comes, so read it at once. It errors with BlobNotFound when the
   * gateway does not have it, otherwise when the session ends or the gateway stays silent.
   */
  request(blob: BlobName): ReadableStream<Uint8Array> {
    const requestId = ++this.#lastRequestId;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const silence = setTimeout(() => {
          this.#take(requestId)?.controller.error(new Error(`No answer about ${blob.$case} ${blob.value} in time`));
        }, SILENCE_MS);
        this.#incoming.set(requestId, { controller, silence });
        this.#frames.send({ $case: "blobRequest", value: { requestId, blob } });
      },
      cancel: () => void this.#take(requestId),
    });
  }

  /** Takes a chunk that the gateway sent. */
  receive({ requestId, bytes, last, error }: BlobChunk): void {
    if (error !== "") return this.#take(requestId)?.controller.error(new BlobNotFound(error));
    const incoming = this.#incoming.get(requestId);
    if (incoming === undefined) return;
    incoming.silence.refresh();
    if (bytes.length > 0) incoming.controller.enqueue(bytes);
    if (last) this.#take(requestId)?.controller.close();
  }

  /** Answers a gateway's request; an undefined content answers that there is none. Rejects when reading the content fails. */
  async send(
    requestId: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined,
    { mediaType = "" }: { mediaType?: string } = {},
  ): Promise<void> {
    if (content === undefined) return this.fail(requestId, "no such content");
    for await (const part of content) {
      for (let start = 0; start < part.length; start += CHUNK_BYTES) {
        await this.#frames.ready();
        if (this.#isClosed) return;
        this.#chunk({ requestId, bytes: part.subarray(start, start + CHUNK_BYTES), mediaType, last: false, error: "" });
      }
    }
    this.#chunk({ requestId, bytes: new Uint8Array(), mediaType, last: true, error: "" });
  }

  /** Answers a gateway's request with an error. */
  fail(requestId: number, error: string): void {
    if (this.#isClosed) return;
    this.#chunk({ requestId, bytes: new Uint8Array(), mediaType: "", last: true, error });
  }

  /** The session is over: nothing more will come. */
  close(): void {
    this.#isClosed = true;
    for (const requestId of [...this.#incoming.keys()]) {
      this.#take(requestId)?.controller.error(new Error("The session with the gateway ended"));
    }
  }

  #take(requestId: number): Incoming | undefined {
    const incoming = this.#incoming.get(requestId);
    clearTimeout(incoming?.silence);
    this.#incoming.delete(requestId);
    return incoming;
  }

  #chunk(chunk: BlobChunk): void {
    this.#frames.send({ $case: "blobChunk", value: chunk });
  }
}
