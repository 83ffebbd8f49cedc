import type { FileSource } from "../../runtime/mod.ts";
import { ProtocolViolation } from "../channel/report_schemas.ts";
import { MAX_OPEN_FILES } from "../sandbox/messages/bounds.ts";
import type { DataRequest, DataResponse } from "../sandbox/messages/protocol.ts";
import type { DataThrottle } from "./data_throttle.ts";

/** Bytes that one message carries; a multiple of three, so that base64 needs no padding inside. */
const CHUNK_BYTES = 192 * 1024;

/** The files that one executor reads. */
export interface DataStreams {
  /** Throws a ProtocolViolation when the request cannot come now. */
  receive(request: DataRequest): void;
  /** Cancels what is open. */
  close(): void;
}

interface OpenFile {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  isPulled: boolean;
  /** Read from the source and not sent yet. */
  rest: Uint8Array;
}

interface DataStreamsDeps {
  readonly files: FileSource;
  readonly throttle: DataThrottle;
  send(response: DataResponse): void;
}

/** Sends a chunk for each pull: no more of a file is in memory than its reader takes. */
export function createDataStreams({ files, throttle, send }: DataStreamsDeps): DataStreams {
  const openFiles = new Map<number, OpenFile>();
  /** Requests to open a file that are not answered. */
  let opening = 0;
  let lastRequest = 0;
  let isClosed = false;

  function check({ type, request }: DataRequest): void {
    const isNew = type === "dataList" || type === "dataOpen";
    if (isNew ? request <= lastRequest : request > lastRequest) {
      throw new ProtocolViolation(`"${type}" with the number ${request} after ${lastRequest}`);
    }
    if (isNew) lastRequest = request;
    if (type === "dataPull" && openFiles.get(request)?.isPulled) {
      throw new ProtocolViolation(`"dataPull" of file ${request} before the last one was answered`);
    }
  }

  async function respond(message: DataRequest): Promise<DataResponse | undefined> {
    const { request } = message;
    switch (message.type) {
      case "dataList":
        await throttle.waitForRate();
        return { type: "dataNames", request, names: await throttle.list(() => files.list()) };
      case "dataOpen":
        return open(request, message.name);
      case "dataPull":
        return pull(request);
      case "dataCancel": {
        const file = openFiles.get(request);
        // Before anything is waited for: the next request may open another.
        openFiles.delete(request);
        await file?.reader.cancel();
        return undefined;
      }
      default:
        return message satisfies never;
    }
  }

  async function open(request: number, name: string): Promise<DataResponse> {
    if (openFiles.size + opening >= MAX_OPEN_FILES) {
      const message = `Cannot read data file "${name}": ${MAX_OPEN_FILES} files are open; read or cancel one of them first`;
      return { type: "dataFailed", request, message };
    }
    opening += 1;
    try {
      await throttle.waitForRate();
      const stream = await files.open(name);
      if (stream === undefined) return { type: "dataOpened", request, found: false };
      const reader = stream.getReader();
      if (isClosed) await reader.cancel();
      else openFiles.set(request, { reader, isPulled: false, rest: new Uint8Array() });
      return { type: "dataOpened", request, found: true };
    } finally {
      opening -= 1;
    }
  }

  async function pull(request: number): Promise<DataResponse> {
    const file = openFiles.get(request);
    if (file === undefined) return { type: "dataEnd", request };
    file.isPulled = true;
    while (file.rest.byteLength === 0) {
      const { done, value } = await file.reader.read();
      if (done) {
        openFiles.delete(request);
        return { type: "dataEnd", request };
      }
      file.rest = value;
    }
    file.isPulled = false;
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
      if (response !== undefined) send(response);
    } catch (error) {
      // The source is somebody else's: what it fails with is told to the job that reads.
      openFiles.delete(request.request);
      send({ type: "dataFailed", request: request.request, message: String(error) });
    }
  }

  return {
    receive(request) {
      check(request);
      void throttle.track(() => serve(request));
    },
    close() {
      isClosed = true;
      void Promise.allSettled(Array.from(openFiles.values(), ({ reader }) => reader.cancel()));
      openFiles.clear();
    },
  };
}
