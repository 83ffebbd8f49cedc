import type { IncomingMessage } from "node:http";
import { type Reach, sendRequest } from "./request.ts";

export interface Download extends Reach {
  /** Maximum size of the content. */
  readonly limitBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Downloads the content of a URL. Rejects for any status but 200, including redirects, for content over the limit, and as `sendRequest`
 * does.
 */
export function download(url: URL, { limitBytes, ...options }: Download): Promise<Uint8Array> {
  const outgoing = { ...options, method: "GET", headers: { "user-agent": "hearth" } } as const;
  return sendRequest(url, outgoing, (response) => readAll(response, limitBytes));
}

async function readAll(response: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const { statusCode } = response;
  if (statusCode !== 200) throw new Error(`it answered ${statusCode}, not 200; redirects are not followed`);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw new Error(`it has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
