import type { Transform } from "node:stream";
import { JsonCounter } from "../json/json_scan.ts";
import type { HttpRequest, HttpResponse } from "./call.ts";
import { bodyDecoder, type CreateDecoder, reportDecoded } from "./content_coding.ts";
import { bodyTooLarge, bodyUndecodable, clientLeft, tooManyValues } from "./errors.ts";

export interface BodyLimit {
  /** Size of the decompressed body. */
  readonly bytes: number;
  /** Number of values and names in a JSON body; undefined: the body is not JSON. */
  readonly values?: number | undefined;
}

type Chunk = Buffer<ArrayBuffer>;

/**
 * Reads the whole body of a request, decompressed. Rejects with a HttpError if it is too large (413) or has an unknown coding (415), with
 * InvalidArgument if it is damaged or has too many values, with Canceled if the client leaves early. Discards the rest of a rejected body
 * as it arrives.
 */
export async function readBody(request: HttpRequest, response: HttpResponse, limit: BodyLimit): Promise<Chunk> {
  const { headers } = request;
  const length = headers["content-length"];
  if (request.httpVersionMajor === 1 && headers["transfer-encoding"] === undefined && (length ?? "0") === "0") {
    return EMPTY;
  }
  const decoder = bodyDecoder(request);
  if (length !== undefined && Number(length) > limit.bytes) {
    throw bodyTooLarge(limit.bytes);
  }
  sendContinue(request, response);
  return collect(request, limit, decoder);
}

const EMPTY = Buffer.alloc(0);

const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

/** Sends 100 to a client that expects it before the body (RFC 9110, section 10.1.1). Call it before reading a body. */
export function sendContinue({ headers, httpVersion }: HttpRequest, response: HttpResponse): void {
  if (headers.expect !== undefined && httpVersion !== "1.0" && CONTINUE.test(headers.expect)) {
    response.writeContinue();
  }
}

function collect(request: HttpRequest, limit: BodyLimit, createDecoder: CreateDecoder | undefined): Promise<Chunk> {
  const { headers } = request;
  const sizeBytes = createDecoder === undefined ? Number(headers["content-length"] ?? Number.NaN) : Number.NaN;
  const collected = new Collected(limit, sizeBytes);
  return new Promise((resolve, reject) => {
    const leave = () => {
      if (!request.readableEnded) {
        reject(clientLeft());
      }
    };
    const add = (chunk: Chunk) => {
      const isWithin = collected.add(chunk);
      if (!isWithin) {
        reject(bodyTooLarge(limit.bytes));
      }
      return isWithin;
    };
    const finish = () => {
      try {
        resolve(collected.whole());
      } catch (error) {
        reject(error);
      }
    };
    request.on("error", leave);
    request.on("close", leave);
    if (createDecoder === undefined) {
      request.on("data", add);
      request.on("end", finish);
      return;
    }
    const failed = (error: Error) => reject(bodyUndecodable(headers["content-encoding"] ?? "", error));
    decode(request, createDecoder, { add, finish, failed });
  });
}

interface Decoding {
  /** Receives a decoded chunk; returns false to stop. */
  readonly add: (chunk: Chunk) => boolean;
  readonly finish: () => void;
  readonly failed: (error: Error) => void;
}

/** Decodes a body with backpressure, so that a compression bomb costs no more than its chunks up to the limit. */
function decode(request: HttpRequest, createDecoder: CreateDecoder, { add, finish, failed }: Decoding): void {
  let decoder: Transform | undefined;
  const start = (first: Chunk): Transform => {
    const started = createDecoder(first);
    started.on("data", (chunk: Chunk) => {
      reportDecoded(request, chunk.length);
      if (!add(chunk)) {
        started.destroy();
      }
    });
    started.on("end", finish);
    started.on("error", failed);
    started.on("drain", () => request.resume());
    request.on("close", () => request.readableEnded || started.destroy());
    return started;
  };
  request.on("data", (chunk: Chunk) => {
    decoder ??= start(chunk);
    if (!decoder.destroyed && !decoder.write(chunk)) {
      request.pause();
    }
  });
  request.on("end", () => (decoder === undefined ? finish() : decoder.end()));
}

/** The received body, within its limit. */
class Collected {
  readonly #limit: BodyLimit;
  readonly #counter: JsonCounter | undefined;
  #chunks: Chunk[] = [];
  #sizeBytes = 0;

  /** `sizeBytes` is the size of the body, if known: the values of a small body need not be counted. */
  constructor(limit: BodyLimit, sizeBytes: number) {
    this.#limit = limit;
    this.#counter = limit.values === undefined || sizeBytes <= limit.values ? undefined : new JsonCounter();
  }

  /** Returns false if the body is too large; the chunk is dropped then. */
  add(chunk: Chunk): boolean {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#limit.bytes) {
      this.#chunks = [];
      return false;
    }
    this.#counter?.add(chunk);
    // Counts values beyond the limit for the error message, but drops them.
    if (this.#hasTooMany) this.#chunks = [];
    else this.#chunks.push(chunk);
    return true;
  }

  /** Throws InvalidArgument if there are too many values. */
  whole(): Chunk {
    const [first = EMPTY, ...more] = this.#chunks;
    if (this.#hasTooMany) throw tooManyValues(this.#counter?.count ?? 0, this.#limit.values ?? 0);
    return more.length === 0 ? first : Buffer.concat(this.#chunks);
  }

  get #hasTooMany(): boolean {
    return this.#counter !== undefined && this.#counter.count > (this.#limit.values ?? 0);
  }
}
