import type { FileSource } from "../../runtime/mod.ts";
import { ProtocolViolation } from "../channel/report_schemas.ts";
import { MAX_OPEN_FILES } from "../sandbox/messages/bounds.ts";
import type { DataRequest, DataResponse } from "../sandbox/messages/protocol.ts";
import type { DataThrottle } from "./data_throttle.ts";

/** Maximum size of the data in one message, in bytes; a multiple of three, so that its base64 has no padding. */
const CHUNK_BYTES = 192 * 1024;

/** Serves the data requests of one executor. */
export interface DataStreams {
  /** Handles a request. Throws a ProtocolViolation if the request is not allowed now. */
  receive(request: DataRequest): void;
  /** Cancels all open files. */
  close(): void;
}

interface OpenFile {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  isPulled: boolean;
  /** Data that was read from the source and not sent. */
  rest: Uint8Array;
}

interface DataStreamsDeps {
  readonly files: FileSource;
  readonly throttle: DataThrottle;
  send(response: DataResponse): void;
}

/** Sends one chunk per pull, so that a file is read only as fast as its reader takes it. */
export function createDataStreams({ files, throttle, send }: DataStreamsDeps): DataStreams {
  const openFiles = new Map<number, OpenFile>();
  /** Number of pending requests to open a file. */
  let opening = 0;
  let lastRequest = 0;
  let isClosed = false;

  function check({ type, request }: DataRequest): void {
    const isNew = type === "dataList" || type === "dataOpen";
    if (isNew ? request <= lastRequest : request > lastRequest) {
      throw new ProtocolViolation(`"${type}" with request number ${request} after ${lastRequest}`);
    }
    if (isNew) lastRequest = request;
    if (type === "dataPull" && openFiles.get(request)?.isPulled) {
      throw new ProtocolViolation(`a second "dataPull" of file ${request} while one is pending`);
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
        // Before the await: the next request may open another file.
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
      // The source is foreign code: its failure goes to the job that reads.
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
