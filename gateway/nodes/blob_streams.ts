import type { BlobChunk } from "../../proto/node.ts";
import type { FrameWriter } from "./frames.ts";

const CHUNK_BYTES = 64 * 1024;

/** Contents that travel on a session beside everything else, in chunks, both ways. */
export class BlobStreams {
  readonly #frames: FrameWriter;
  readonly #incoming = new Map<number, ReadableStreamDefaultController<Uint8Array>>();
  #lastRequestId = 0;

  constructor(frames: FrameWriter) {
    this.#frames = frames;
  }

  /** Asks the node for a blob. The stream errors when the node does not have it, or the session ends. */
  request(digest: string): ReadableStream<Uint8Array> {
    const requestId = ++this.#lastRequestId;
    return new ReadableStream({
      start: (controller) => {
        this.#incoming.set(requestId, controller);
        this.#frames.send({ $case: "blobRequest", value: { requestId, blob: { $case: "digest", value: digest } } });
      },
      cancel: () => {
        this.#incoming.delete(requestId);
      },
    });
  }

  /** Takes a chunk that the node sent. */
  receive({ requestId, bytes, last, error }: BlobChunk): void {
    const controller = this.#incoming.get(requestId);
    if (controller === undefined) return;
    if (bytes.length > 0) controller.enqueue(bytes);
    if (error !== "") controller.error(new Error(error));
    else if (last) controller.close();
    if (last) this.#incoming.delete(requestId);
  }

  /** Answers a node's request; an undefined content answers that there is none. Rejects when reading the content fails. */
  async send(requestId: number, content: AsyncIterable<Uint8Array> | undefined): Promise<void> {
    if (content === undefined) {
      this.fail(requestId, "no such content");
      return;
    }
    for await (const part of content) {
      for (let start = 0; start < part.length; start += CHUNK_BYTES) {
        await this.#frames.ready();
        this.#chunk({ requestId, bytes: part.subarray(start, start + CHUNK_BYTES), last: false, error: "" });
      }
    }
    this.#chunk({ requestId, bytes: new Uint8Array(), last: true, error: "" });
  }

  /** Answers a node's request with an error. */
  fail(requestId: number, error: string): void {
    this.#chunk({ requestId, bytes: new Uint8Array(), last: true, error });
  }

  /** The session is over: nothing more will come. */
  close(reason: Error): void {
    for (const controller of this.#incoming.values()) controller.error(reason);
    this.#incoming.clear();
  }

  #chunk(chunk: BlobChunk): void {
    this.#frames.send({ $case: "blobChunk", value: chunk });
  }
}
