import type { DataFiles } from "../../hearth.ts";
import type { DataAnswer, DataRequest } from "./protocol.ts";

/** The data files, and where the node's answers go. */
export interface DataFilesClient {
  readonly api: DataFiles;
  receive(answer: DataAnswer): void;
}

/** Reads files of the node in chunks, one at a time, each asked for when the one before was taken. */
export function createDataFiles(send: (request: DataRequest) => void): DataFilesClient {
  const waiting = new Map<number, (answer: DataAnswer) => void>();
  let lastRequest = 0;

  /** An answer may be asked for again under the number of an open file. */
  function ask(request: DataRequest): Promise<DataAnswer> {
    return new Promise((resolve, reject) => {
      waiting.set(request.request, (answer) => {
        waiting.delete(request.request);
        if (answer.type === "dataFailed") reject(new Error(answer.message));
        else resolve(answer);
      });
      send(request);
    });
  }

  function nextRequest(): number {
    lastRequest += 1;
    return lastRequest;
  }

  async function stream(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const request = nextRequest();
    const opened = await ask({ type: "dataOpen", request, name: String(name) });
    if (opened.type !== "dataOpened" || !opened.found) {
      throw new DOMException(`Cannot read data file "${name}": there is none of that name`, "NotFoundError");
    }
    return new ReadableStream({
      async pull(controller) {
        const answer = await ask({ type: "dataPull", request });
        if (answer.type === "dataChunk") controller.enqueue(Uint8Array.fromBase64(answer.base64));
        else controller.close();
      },
      cancel() {
        waiting.delete(request);
        send({ type: "dataCancel", request });
      },
    });
  }

  return {
    api: {
      stream,
      bytes: async (name) => new Uint8Array(await new Response(await stream(name)).arrayBuffer()),
      text: async (name) => new Response(await stream(name)).text(),
      async list() {
        const answer = await ask({ type: "dataList", request: nextRequest() });
        return answer.type === "dataNames" ? [...answer.names] : [];
      },
    },
    receive: (answer) => waiting.get(answer.request)?.(answer),
  };
}
