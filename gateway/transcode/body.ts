import type { HttpRequest } from "./call.ts";
import { clientLeft, invalidArgument } from "./errors.ts";

/**
 * The whole body of a request, or undefined when it has more than `limitBytes`; what is left of such a body is thrown away as it
 * comes. Rejects with InvalidArgument when it is compressed, with Canceled when the client leaves before its end.
 */
export async function readBody(request: HttpRequest, limitBytes: number): Promise<Buffer<ArrayBuffer> | undefined> {
  const { headers } = request;
  const length = headers["content-length"];
  if (request.httpVersionMajor === 1 && headers["transfer-encoding"] === undefined && (length ?? "0") === "0") {
    return EMPTY;
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw invalidArgument(`Cannot read the request body: its content-encoding is "${encoding}"; send it uncompressed`);
  }
  if (length !== undefined && Number(length) > limitBytes) {
    request.resume();
    return undefined;
  }
  return collect(request, limitBytes);
}

const EMPTY = Buffer.alloc(0);

function collect(request: HttpRequest, limitBytes: number): Promise<Buffer<ArrayBuffer> | undefined> {
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
      if (sizeBytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      resolve(undefined);
    });
    request.on("end", () => {
      ended = true;
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on("error", leave);
    request.on("close", leave);
  });
}
