import { type HttpRequest, type HttpResponse, isOver } from "./call.ts";
import { compress, type Encoding, isCompressible, negotiateEncoding } from "./compress.ts";

/** A response whose whole content is known. */
export interface Content {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | Uint8Array;
}

interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** Sends a response at once; if the client wants it compressed, and it is worth it, after compression. HEAD gets the headers only. */
export function sendContent({ request, response }: Exchange, answer: Content): Promise<void> | undefined {
  const { status, headers, content } = answer;
  if (isOver(response)) {
    return undefined;
  }
  const sizeBytes = Buffer.byteLength(content);
  const isWorthIt = isCompressible(headers["content-type"] ?? "", sizeBytes);
  const encoding = isWorthIt ? negotiateEncoding(request, response, { inPieces: false }) : undefined;
  if (encoding !== undefined) {
    return sendCompressed({ request, response }, answer, encoding);
  }
  response.writeHead(status, { ...headers, "content-length": sizeBytes });
  response.end(request.method === "HEAD" ? undefined : content);
  return undefined;
}

async function sendCompressed(
  { request, response }: Exchange,
  { status, headers, content }: Content,
  encoding: Encoding,
): Promise<void> {
  const head = { ...headers, "content-encoding": encoding };
  // The length that GET would have is unknown without compressing.
  if (request.method === "HEAD") {
    response.writeHead(status, head);
    response.end();
    return;
  }
  const compressed = await compress(encoding, content);
  if (!isOver(response)) {
    response.writeHead(status, { ...head, "content-length": compressed.length });
    response.end(compressed);
  }
}
