import { type BlobName, ContentRefused } from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import type { OpenSessions, Session } from "../session/mod.ts";

/** Time limit for a session to open, in milliseconds. */
const SESSION_WAIT_MS = 10_000;

/** Consumes the content of a blob. */
export type Taker<T> = (content: ReadableStream<Uint8Array>) => Promise<T>;

/**
 * Requests a blob and passes it to the taker, which is called again with another gateway's content when one fails. Any gateway may serve.
 * Rejects with ContentRefused when all that responded lack it, else when none could be reached.
 */
export async function requestBlob<T>(sessions: OpenSessions, name: BlobName, take: Taker<T>): Promise<T> {
  let failure: unknown;
  for (const session of await anySessions(sessions)) {
    try {
      return await take(session.requestBlob(name));
    } catch (error) {
      // Tries another gateway. A missing blob is more informative than a broken session.
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

/** Reads a blob completely. Rejects when it exceeds the limit. */
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
