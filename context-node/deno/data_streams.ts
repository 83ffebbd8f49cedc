import type { FileSource } from "../runtime/mod.ts";
import type { DataAnswer, DataRequest } from "./sandbox/protocol.ts";

/** Bytes that one message carries; a multiple of three, so that base64 needs no padding inside. */
const CHUNK_BYTES = 192 * 1024;

/** The files that one executor reads. */
export interface DataStreams {
  obey(request: DataRequest): void;
  /** Cancels what is open. */
  close(): void;
}

interface OpenFile {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Read from the source and not sent yet. */
  rest: Uint8Array;
}

/** Sends a chunk for each pull: so no more of a file is in memory than its reader takes. */
export function createDataStreams(files: FileSource, answer: (answer: DataAnswer) => void): DataStreams {
  const openFiles = new Map<number, OpenFile>();

  async function respond(message: DataRequest): Promise<DataAnswer | undefined> {
    const { request } = message;
    switch (message.type) {
      case "dataList":
        return { type: "dataNames", request, names: await files.list() };
      case "dataOpen": {
        const stream = await files.open(message.name);
        if (stream !== undefined) openFiles.set(request, { reader: stream.getReader(), rest: new Uint8Array() });
        return { type: "dataOpened", request, found: stream !== undefined };
      }
      case "dataPull":
        return pull(request);
      case "dataCancel":
        await openFiles.get(request)?.reader.cancel();
        openFiles.delete(request);
        return undefined;
      default:
        return message satisfies never;
    }
  }

  async function pull(request: number): Promise<DataAnswer> {
    const file = openFiles.get(request);
    if (file === undefined) return { type: "dataEnd", request };
    while (file.rest.byteLength === 0) {
      const { done, value } = await file.reader.read();
      if (done) {
        openFiles.delete(request);
        return { type: "dataEnd", request };
      }
      file.rest = value;
    }
    const chunk = file.rest.subarray(0, CHUNK_BYTES);
    file.rest = file.rest.subarray(CHUNK_BYTES);
    return {
      type: "dataChunk",
      request,
      base64: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("base64"),
    };
  }

  async function serve(request: DataRequest): Promise<void> {
    try {
      const response = await respond(request);
      if (response !== undefined) answer(response);
    } catch (error) {
      // The source is somebody else's: what it fails with is told to the job that reads.
      openFiles.delete(request.request);
      answer({ type: "dataFailed", request: request.request, message: String(error) });
    }
  }

  return {
    obey: (request) => void serve(request),
    close() {
      void Promise.allSettled(Array.from(openFiles.values(), ({ reader }) => reader.cancel()));
      openFiles.clear();
    },
  };
}
