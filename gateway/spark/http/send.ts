import {
  compressPieces,
  firstPieces,
  type HttpRequest,
  type HttpResponse,
  isCompressible,
  isOver,
  joinPieces,
  negotiateEncoding,
  sendContent,
  writePiece,
} from "../../../lib/transcode/mod.ts";
import type { Answer } from "./answer.ts";

/**
 * Writes an answer, compressed where the client takes it and it pays; resolves when all of it is handed to the connection. Rejects when it
 * breaks, or the client leaves in the middle of it.
 */
export async function sendAnswer(
  response: HttpResponse,
  { status, headers, body }: Answer,
  { request }: { readonly request: HttpRequest },
): Promise<void> {
  const exchange = { request, response };
  if (typeof body === "string") return sendContent(exchange, { status, headers, content: body });
  const { first, rest } = await firstPieces(body);
  if (rest === undefined) return sendContent(exchange, { status, headers, content: first });
  try {
    if (isOver(response)) return;
    const isWorthIt = isCompressible(headers["content-type"] ?? "");
    const encoding = isWorthIt ? negotiateEncoding(request, response, { inPieces: true }) : undefined;
    response.writeHead(status, { ...headers, ...(encoding && { "content-encoding": encoding }) });
    if (request.method !== "HEAD") {
      const pieces = joinPieces(first, rest);
      await writeAll(response, encoding === undefined ? pieces : compressPieces(encoding, pieces));
    }
    response.end();
  } finally {
    // Also where nobody reads on: HEAD, and a client that left.
    await rest[Symbol.asyncIterator]().return?.();
  }
}

async function writeAll(response: HttpResponse, body: AsyncIterable<string | Uint8Array>): Promise<void> {
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  for await (const piece of body) {
    if (isOver(response)) return;
    await writePiece(response, piece, leaving);
  }
}
