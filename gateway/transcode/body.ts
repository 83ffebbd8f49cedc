import type { HttpRequest } from "./call.ts";
import { clientLeft } from "./errors.ts";

/**
 * The whole body of a request, or undefined when it has more than `limitBytes`; what is left of such a body is thrown away as
 * it comes. Rejects with Canceled when the client leaves before its end.
 */
export function readBody(request: HttpRequest, limitBytes: number): Promise<Buffer<ArrayBuffer> | undefined> {
  const declared = request.headers["content-length"];
  if (declared !== undefined && Number(declared) > limitBytes) {
    request.resume();
    return Promise.resolve(undefined);
  }
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
