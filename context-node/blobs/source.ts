import { type BlobName, ContentRefused } from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import type { OpenSessions, Session } from "../session/mod.ts";

/** How long to wait for a gateway when no session is open. */
const SESSION_WAIT_MS = 10_000;

/** Takes a blob as it comes. */
export type Taker<T> = (content: ReadableStream<Uint8Array>) => Promise<T>;

/**
 * Asks for a blob and hands it to the taker, which may be called again with another gateway's when the first one fails it.
 * Any gateway may serve. Rejects with ContentRefused when those that answered do not have it, else when none could be reached.
 */
export async function requestBlob<T>(sessions: OpenSessions, name: BlobName, take: Taker<T>): Promise<T> {
  let failure: unknown;
  for (const session of await anySessions(sessions)) {
    try {
      return await take(session.requestBlob(name));
    } catch (error) {
      // Another gateway may do better. That it is missing says more than that a session broke.
      if (!(failure instanceof ContentRefused)) failure = error;
    }
  }
  throw failure ?? new Error("No gateway is connected");
}

async function anySessions(sessions: OpenSessions): Promise<Session[]> {
  const open = [...sessions];
  if (open.length > 0) return open;
  await deadline(sessions.opened, SESSION_WAIT_MS, () => {});
  return [...sessions];
}

/** Reads a blob to its end. Rejects when it is over the limit. */
export async function readAll(
  content: ReadableStream<Uint8Array>,
  { limitBytes }: { limitBytes: number },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new Error(`It is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
