import { once } from "node:events";
import { type HttpResponse, isOver } from "../../transcode/mod.ts";
import type { Answer } from "./answer.ts";

interface Sending {
  readonly headers: Readonly<Record<string, string>>;
  /** Says the head only. */
  readonly isHead: boolean;
}

/** Writes an answer; resolves when all of it is handed to the connection. Rejects when it breaks, or the client leaves in the middle of it. */
export async function sendAnswer(response: HttpResponse, answer: Answer, sending: Sending): Promise<void> {
  const { status, body } = answer;
  if (isOver(response)) return;
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
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  for await (const chunk of body) {
    if (isOver(response)) return;
    if (!response.write(chunk)) await once(response, "drain", { signal: leaving.signal });
  }
}
