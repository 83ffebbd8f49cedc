import { once } from "node:events";
import { constants } from "node:http2";
import type { HttpResponse } from "../../transcode/mod.ts";
import type { Answer } from "./answer.ts";

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  /** Says the head only. */
  readonly isHead: boolean;
}

/** Writes an answer; resolves when all of it is handed to the connection, or the client has left. */
export async function sendAnswer(response: HttpResponse, answer: Answer, sending: Sending): Promise<void> {
  const { status, body } = answer;
  const headers = { ...answer.headers, ...sending.headers };
  if (typeof body === "string") {
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, "content-length": bytes.length });
    response.end(sending.isHead ? undefined : bytes);
    return;
  }
  response.writeHead(status, headers);
  if (!sending.isHead) await writeAll(response, body);
  response.end();
}

async function writeAll(response: HttpResponse, body: AsyncIterable<string | Uint8Array>): Promise<void> {
  let isOpen = true;
  const leave = (): void => {
    isOpen = false;
  };
  response.once("close", leave);
  for await (const chunk of body) {
    if (!isOpen) return;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.off("close", leave);
}

/** Breaks an answer off, so that the client does not take it for complete. */
export function cutOff(response: HttpResponse): void {
  if (response.stream === undefined) response.destroy();
  else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}
