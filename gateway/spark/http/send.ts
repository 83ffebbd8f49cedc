import {
  compress,
  compressPieces,
  firstPieces,
  type HttpRequest,
  type HttpResponse,
  isCompressible,
  isOver,
  joinPieces,
  negotiateEncoding,
  writePiece,
} from "../../transcode/mod.ts";
import type { Answer } from "./answer.ts";

interface Sending {
  readonly request: HttpRequest;
}

/**
 * Writes an answer, compressed where the client takes it and it pays; resolves when all of it is handed to the connection. Rejects when it
 * breaks, or the client leaves in the middle of it.
 */
export async function sendAnswer(response: HttpResponse, answer: Answer, sending: Sending): Promise<void> {
  if (isOver(response)) return;
  const { body } = answer;
  if (typeof body === "string") return sendWhole(response, answer, { ...sending, content: Buffer.from(body) });
  const { first, rest } = await firstPieces(body);
  if (isOver(response)) return;
  if (rest === undefined) return sendWhole(response, answer, { ...sending, content: first });
  const { request } = sending;
  const { headers } = answer;
  const encoding = encodingOf(request, response, { headers });
  response.writeHead(answer.status, { ...headers, ...(encoding && { "content-encoding": encoding }) });
  if (request.method !== "HEAD") {
    const pieces = joinPieces(first, rest);
    await writeAll(response, encoding === undefined ? pieces : compressPieces(encoding, pieces));
  }
  response.end();
}

async function sendWhole(
  response: HttpResponse,
  { status, headers }: Answer,
  { request, content }: Sending & { readonly content: Buffer },
): Promise<void> {
  const encoding = encodingOf(request, response, { headers, sizeBytes: content.length });
  const isHead = request.method === "HEAD";
  if (encoding === undefined) {
    response.writeHead(status, { ...headers, "content-length": content.length });
    response.end(isHead ? undefined : content);
    return;
  }
  // The length that GET would say is not known without compressing.
  const compressed = isHead ? undefined : await compress(encoding, content);
  if (isOver(response)) return;
  const length = compressed && { "content-length": compressed.length };
  response.writeHead(status, { ...headers, "content-encoding": encoding, ...length });
  response.end(compressed);
}

function encodingOf(
  request: HttpRequest,
  response: HttpResponse,
  { headers, sizeBytes }: { readonly headers: Readonly<Record<string, string>>; readonly sizeBytes?: number },
) {
  return isCompressible(headers["content-type"] ?? "", sizeBytes) ? negotiateEncoding(request, response) : undefined;
}

async function writeAll(response: HttpResponse, body: AsyncIterable<string | Uint8Array>): Promise<void> {
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  for await (const piece of body) {
    if (isOver(response)) return;
    await writePiece(response, piece, leaving);
  }
}
