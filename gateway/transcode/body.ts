import type { HttpRequest } from "./call.ts";
import { clientLeft, invalidArgument, tooManyValues } from "./errors.ts";
import { JsonCounter } from "./json_scan.ts";

interface BodyLimit {
  readonly bytes: number;
  /** Values and names of a JSON body; undefined: the body is not JSON. */
  readonly values: number | undefined;
}

/**
 * The whole body of a request, or undefined when it has more bytes than the limit; what is left of such a body is thrown away as it
 * comes. Rejects with InvalidArgument when it is compressed or has too many values, with Canceled when the client leaves before its end.
 */
export async function readBody(request: HttpRequest, limit: BodyLimit): Promise<Buffer<ArrayBuffer> | undefined> {
  const { headers } = request;
  const length = headers["content-length"];
  if (request.httpVersionMajor === 1 && headers["transfer-encoding"] === undefined && (length ?? "0") === "0") {
    return EMPTY;
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw invalidArgument(`Cannot read the request body: its content-encoding is "${encoding}"; send it uncompressed`);
  }
  if (length !== undefined && Number(length) > limit.bytes) {
    request.resume();
    return undefined;
  }
  return collect(request, limit);
}

const EMPTY = Buffer.alloc(0);

function collect(request: HttpRequest, { bytes, values }: BodyLimit): Promise<Buffer<ArrayBuffer> | undefined> {
  // So few bytes cannot have as many values.
  const isSmall = values !== undefined && Number(request.headers["content-length"] ?? Number.NaN) <= values;
  const counter = values === undefined || isSmall ? undefined : new JsonCounter();
  return new Promise((resolve, reject) => {
    let chunks: Buffer<ArrayBuffer>[] = [];
    let sizeBytes = 0;
    let ended = false;
    const leave = () => {
      if (!ended) {
        reject(clientLeft());
      }
    };
    request.on("data", (chunk: Buffer<ArrayBuffer>) => {
      sizeBytes += chunk.length;
      if (sizeBytes > bytes) {
        chunks = [];
        resolve(undefined);
        return;
      }
      counter?.add(chunk);
      if (counter !== undefined && values !== undefined && counter.count > values) {
        // It is counted on, to say how many there are, and not kept.
        chunks = [];
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () => {
      ended = true;
      if (counter !== undefined && values !== undefined && counter.count > values) {
        reject(tooManyValues(counter.count, values));
        return;
      }
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on("error", leave);
    request.on("close", leave);
  });
}
