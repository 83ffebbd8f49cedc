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
 * Writes a response, compressed where the client accepts that and it saves bytes. Resolves when the connection has all of it. Rejects when
 * the content fails or the client disconnects before the end.
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
    // Also after HEAD, and after a client has disconnected.
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
