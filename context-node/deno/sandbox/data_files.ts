import type { DataFiles } from "../../hearth.ts";
import {
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
  NativeResponse,
  NativeUint8Array,
  own,
  push,
  textOf,
  uncurry,
} from "./primordials.ts";
import type { DataAnswer, DataRequest } from "./protocol.ts";

/** The data files, and where the node's answers go. */
export interface DataFilesClient {
  readonly api: DataFiles;
  receive(answer: DataAnswer): void;
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

const readBuffer = uncurry(NativeResponse.prototype.arrayBuffer);
const readText = uncurry(NativeResponse.prototype.text);
const controllerPrototype = ReadableStreamDefaultController.prototype;
const enqueue: (controller: ReadableStreamDefaultController, chunk: Uint8Array) => void = uncurry(
  controllerPrototype.enqueue,
);
const close: (controller: ReadableStreamDefaultController) => void = uncurry(controllerPrototype.close);

/** Reads files of the node in chunks, one at a time, each asked for when the one before was taken. */
export function createDataFiles(send: (request: DataRequest) => void): DataFilesClient {
  const waiting = new NativeMap<number, (answer: DataAnswer) => void>();
  let lastRequest = 0;

  /** An answer may be asked for again under the number of an open file. */
  function ask(request: DataRequest): Promise<DataAnswer> {
    return own(
      new NativePromise<DataAnswer>((resolve, reject) => {
        mapSet(waiting, request.request, (answer) => {
          mapDelete(waiting, request.request);
          if (answer.type === "dataFailed") reject(new NativeError(answer.message));
          else resolve(answer);
        });
        send(request);
      }),
    );
  }

  function nextRequest(): number {
    lastRequest += 1;
    return lastRequest;
  }

  async function stream(name: string): Promise<ByteStream> {
    const request = nextRequest();
    const opened = await ask({ type: "dataOpen", request, name: textOf(name) });
    if (opened.type !== "dataOpened" || !opened.found) {
      throw new NativeDOMException(`Cannot read data file "${textOf(name)}": no file has that name`, "NotFoundError");
    }
    return new NativeReadableStream({
      async pull(controller) {
        const answer = await ask({ type: "dataPull", request });
        if (answer.type === "dataChunk") enqueue(controller, fromBase64(answer.base64));
        else close(controller);
      },
      cancel() {
        mapDelete(waiting, request);
        send({ type: "dataCancel", request });
      },
    });
  }

  async function list(): Promise<string[]> {
    const answer = await ask({ type: "dataList", request: nextRequest() });
    const names: string[] = [];
    if (answer.type !== "dataNames") return names;
    for (let index = 0; index < answer.names.length; index++) push(names, answer.names[index] as string);
    return names;
  }

  return {
    api: freeze({
      stream,
      bytes: async (name: string) =>
        new NativeUint8Array(await own(readBuffer(new NativeResponse(await own(stream(name)))))),
      text: async (name: string) => own(readText(new NativeResponse(await own(stream(name))))),
      list,
    }),
    receive: (answer) => mapGet(waiting, answer.request)?.(answer),
  };
}
