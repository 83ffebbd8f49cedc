import type { FileSource, Jar } from "../../runtime/mod.ts";
import type { Driver } from "../process/driver.ts";
import { type DriverMessage, Violation } from "../protocol/driver_protocol.ts";

/** Maximum number of concurrent replies to one driver. Further requests wait. */
const MOST_ANSWERED = 8;

/** Maximum number of waiting requests of one driver. */
const MOST_WAITING = 4096;

/** Maximum content of one frame, in bytes. */
const PART_BYTES = 256 * 1024;

export type ContentRequest = Extract<DriverMessage, { type: "fetch" | "dataOpen" | "dataList" }>;

/** Serves the requests of a driver for jars of its jobs and for data files. */
export interface ContentServer {
  /** Allows the driver to request these jars. */
  offer(jars: readonly Jar[]): void;
  /** Queues a request. Throws a Violation if too many wait. */
  answer(request: ContentRequest): void;
  /** Drops the waiting requests: the driver has ended. */
  close(): void;
}

interface ContentDeps {
  readonly driver: Pick<Driver, "send" | "sendContent">;
  readonly files: FileSource;
}

export function createContentServer({ driver, files }: ContentDeps): ContentServer {
  const jarsByDigest = new Map<string, Jar>();
  const waiting: ContentRequest[] = [];
  let answering = 0;
  let isClosed = false;

  async function open(request: ContentRequest): Promise<AsyncIterable<Uint8Array>> {
    switch (request.type) {
      case "fetch": {
        const jar = jarsByDigest.get(request.digest);
        if (jar === undefined) throw new Error(`${request.digest} is no jar of a job of this context`);
        return await jar.open();
      }
      case "dataOpen": {
        const file = await files.open(request.name);
        if (file === undefined) throw new Error(`Data file "${request.name}" does not exist`);
        return file;
      }
      case "dataList":
        return oneOf(Buffer.from(JSON.stringify(await files.list())));
      default:
        return request satisfies never;
    }
  }

  async function send(request: ContentRequest): Promise<string | undefined> {
    try {
      for await (const chunk of await open(request)) {
        for (let start = 0; start < chunk.byteLength; start += PART_BYTES)
          await driver.sendContent(request.request, chunk.subarray(start, start + PART_BYTES));
      }
      return undefined;
    } catch (error) {
      // The error of the source goes to the job.
      return error instanceof Error ? error.message : String(error);
    }
  }

  function answerNext(): void {
    if (answering >= MOST_ANSWERED || isClosed) return;
    const next = waiting.shift();
    if (next === undefined) return;
    answering += 1;
    void send(next).then((error) => {
      driver.send({ type: "contentEnd", request: next.request, ...(error === undefined ? {} : { error }) });
      answering -= 1;
      answerNext();
    });
  }

  return {
    offer(jars) {
      for (const jar of jars) jarsByDigest.set(jar.digest, jar);
    },
    answer(request) {
      if (waiting.length >= MOST_WAITING) throw new Violation("too many requests for contents at once");
      waiting.push(request);
      answerNext();
    },
    close() {
      isClosed = true;
      waiting.length = 0;
    },
  };
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
