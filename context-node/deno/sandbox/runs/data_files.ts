import type { DataFiles } from "../../../hearth.ts";
import {
  byteLengthOf,
  decodeText,
  freeze,
  fromBase64,
  mapDelete,
  mapGet,
  mapSet,
  NativeDOMException,
  NativeError,
  NativeMap,
  NativePromise,
  NativeReadableStream,
  NativeTypeError,
  NativeUint8Array,
  own,
  push,
  setBytes,
  shift,
  uncurry,
} from "../confinement/primordials.ts";
import { MAX_DATA_REQUESTS, MAX_NAME_LENGTH } from "../messages/bounds.ts";
import type { DataRequest, DataResponse } from "../messages/protocol.ts";
import { describeKind, plainText } from "./value_text.ts";

/** The data files, and where the node's answers go. */
export interface DataFilesClient {
  readonly api: DataFiles;
  receive(response: DataResponse): void;
}

/** Files that are read as a whole at a time; streams may be open beside them. */
const MAX_WHOLE_READS = 8;

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

const controllerPrototype = ReadableStreamDefaultController.prototype;
const enqueue: (controller: ReadableStreamDefaultController, chunk: Uint8Array) => void = uncurry(
  controllerPrototype.enqueue,
);
const close: (controller: ReadableStreamDefaultController) => void = uncurry(controllerPrototype.close);

/** Reads files of the node in chunks, one at a time, each asked for when the one before was taken. */
export function createDataFiles(send: (request: DataRequest) => void): DataFilesClient {
  const waiting = new NativeMap<number, (response: DataResponse) => void>();
  /** Those that were not sent, because too many wait for their answers. */
  const held: DataRequest[] = [];
  let unanswered = 0;
  let reading = 0;
  const waitingReads: (() => void)[] = [];
  let lastRequest = 0;

  /** An answer may be asked for again under the number of an open file. */
  function ask(request: DataRequest): Promise<DataResponse> {
    return own(
      new NativePromise<DataResponse>((resolve, reject) => {
        mapSet(waiting, request.request, (response) => {
          mapDelete(waiting, request.request);
          if (response.type === "dataFailed") reject(new NativeError(response.message));
          else resolve(response);
        });
        sendSoon(request);
      }),
    );
  }

  function nextRequest(): number {
    lastRequest += 1;
    return lastRequest;
  }

  /** Sends now, or when fewer requests wait for their answers. */
  function sendSoon(request: DataRequest): void {
    if (request.type === "dataCancel") return send(request);
    if (unanswered === MAX_DATA_REQUESTS) return push(held, request);
    unanswered += 1;
    send(request);
  }

  function sendNext(): void {
    unanswered -= 1;
    const next = shift(held);
    if (next !== undefined) sendSoon(next);
  }

  /** The number under which the file is read. */
  async function open(given: unknown): Promise<number> {
    const name = plainText(given);
    if (name === undefined)
      throw new NativeTypeError(`Cannot read a data file: its name is ${describeKind(given)}, not a string`);
    const request = nextRequest();
    const opened = name.length > MAX_NAME_LENGTH ? undefined : await ask({ type: "dataOpen", request, name });
    if (opened?.type === "dataOpened" && opened.found) return request;
    throw new NativeDOMException(`Cannot read data file "${name}": no file has that name`, "NotFoundError");
  }

  async function stream(name: string): Promise<ByteStream> {
    const request = await own(open(name));
    return new NativeReadableStream({
      async pull(controller) {
        const response = await ask({ type: "dataPull", request });
        if (response.type === "dataChunk") enqueue(controller, fromBase64(response.base64));
        else close(controller);
      },
      cancel() {
        mapDelete(waiting, request);
        send({ type: "dataCancel", request });
      },
    });
  }

  /** Waits until few files are read as a whole: a job may ask for all of them at once. */
  async function bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    if (reading === MAX_WHOLE_READS) {
      await own(new NativePromise<void>((resolve) => push(waitingReads, resolve)));
    } else reading += 1;
    try {
      return await own(readWhole(name));
    } finally {
      // The next one takes its place.
      const next = shift(waitingReads);
      if (next === undefined) reading -= 1;
      else next();
    }
  }

  async function readWhole(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const request = await own(open(name));
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const response = await ask({ type: "dataPull", request });
      if (response.type !== "dataChunk") break;
      const chunk = fromBase64(response.base64);
      push(chunks, chunk);
      length += byteLengthOf(chunk);
    }
    const whole = new NativeUint8Array(length);
    let at = 0;
    for (let index = 0; index < chunks.length; index++) {
      const chunk = chunks[index] as Uint8Array;
      setBytes(whole, chunk, at);
      at += byteLengthOf(chunk);
    }
    return whole;
  }

  async function list(): Promise<string[]> {
    const response = await ask({ type: "dataList", request: nextRequest() });
    const names: string[] = [];
    if (response.type !== "dataNames") return names;
    for (let index = 0; index < response.names.length; index++) push(names, response.names[index] as string);
    return names;
  }

  return {
    api: freeze({
      stream,
      bytes,
      text: async (name: string) => decodeText(await own(bytes(name))),
      list,
    }),
    receive(response) {
      sendNext();
      mapGet(waiting, response.request)?.(response);
    },
  };
}
